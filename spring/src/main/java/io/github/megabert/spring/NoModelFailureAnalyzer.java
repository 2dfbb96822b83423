// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says what to do where no model is named. */
final class NoModelFailureAnalyzer extends AbstractFailureAnalyzer<NoModelException> {
  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, NoModelException cause) {
    return new FailureAnalysis(
        "MegaBERT cannot open a model: " + cause.getMessage() + ".",
        "Set megabert.model to a model's folder, or to the ORGANIZATION/NAME of a model that was"
            + " pulled; or "
            + (cause.isDemoAbsent() ? "add" : "renew")
            + " the artifact megabert-demo-model; or set megabert.enabled=false.",
        cause);
  }
}
