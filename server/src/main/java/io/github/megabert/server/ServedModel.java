// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.MegaBert;
import io.github.megabert.Task;
import io.github.megabert.task.CrossEncoder;
import io.github.megabert.task.FeatureExtraction;
import io.github.megabert.task.FillMask;
import io.github.megabert.task.MultipleChoice;
import io.github.megabert.task.NextSentence;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.TextClassification;
import io.github.megabert.task.TextEmbedding;
import io.github.megabert.task.TextPair;
import io.github.megabert.task.TextTask;
import io.github.megabert.task.TokenClassification;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** A model under the name that clients call it by, with its queue. */
final class ServedModel implements AutoCloseable {
  private final String name;
  private final MegaBert bert;
  private final ModelQueue queue;
  private final Semaphore generations;

  /** Texts share batches if their task is the same object. */
  private final Map<Class<?>, Object> tasks = new ConcurrentHashMap<>();

  private volatile boolean warm;

  ServedModel(String name, MegaBert bert, Limits limits, Meters meters) {
    this.name = name;
    this.bert = bert;
    queue = new ModelQueue(limits, meters);
    generations = new Semaphore(limits.generations());
    meters.queue(name, queue::size);
  }

  String name() {
    return name;
  }

  MegaBert bert() {
    return bert;
  }

  Set<Task> tasks() {
    return bert.tasks();
  }

  /** Whether its first answer comes as quickly as later ones. */
  boolean isWarm() {
    return warm;
  }

  /** Loads the weights of every task, and lets the kernels be compiled. */
  void warmUp() {
    bert.loadWeights(bert.tasks());
    bert.warmUp().join();
    warm = true;
  }

  FillMask fillMask() {
    return task(FillMask.class, bert::fillMask);
  }

  /** For texts and pairs of them. */
  @SuppressWarnings("unchecked") // It is the only one of its key.
  TextTask<TextPair, TextClassification.Options, TextClassification.Classification>
      textClassification() {
    return task(TextTask.class, () -> bert.textClassification().pairs());
  }

  TokenClassification tokenClassification() {
    return task(TokenClassification.class, bert::tokenClassification);
  }

  QuestionAnswering questionAnswering() {
    return task(QuestionAnswering.class, bert::questionAnswering);
  }

  CrossEncoder crossEncoder() {
    return task(CrossEncoder.class, bert::crossEncoder);
  }

  MultipleChoice multipleChoice() {
    return task(MultipleChoice.class, bert::multipleChoice);
  }

  NextSentence nextSentence() {
    return task(NextSentence.class, bert::nextSentence);
  }

  FeatureExtraction featureExtraction() {
    return task(FeatureExtraction.class, bert::featureExtraction);
  }

  TextEmbedding textEmbedding() {
    return task(TextEmbedding.class, bert::textEmbedding);
  }

  AttentionTask attention() {
    return task(AttentionTask.class, () -> new AttentionTask(bert));
  }

  /** What stands in a text for a word that is to be found. */
  String maskToken() {
    return bert.tokenizer().idToToken(bert.tokenizer().maskId());
  }

  private <T> T task(Class<T> type, Supplier<T> make) {
    return type.cast(tasks.computeIfAbsent(type, key -> make.get()));
  }

  /** Computes texts together with those of other requests; see {@link ModelQueue#apply}. */
  <I, O, R> List<R> apply(TextTask<I, O, R> task, List<I> inputs, O options, Call call) {
    call.served(name, inputs.size());
    return queue.apply(task, inputs, options, call);
  }

  /**
   * Continues a text, beside the queue: it takes a step a token, and shares none.
   *
   * @throws RequestFailure if as many are continued as may
   */
  <R> R generate(Call call, Supplier<R> compute) {
    if (!generations.tryAcquire()) {
      throw RequestFailure.overloaded("as many texts are continued as may be at once");
    }
    try {
      call.served(name, 1);
      return compute.get();
    } finally {
      generations.release();
    }
  }

  /** Computes what waits, and closes the model. */
  @Override
  public void close() {
    queue.close();
    bert.close();
  }
}
