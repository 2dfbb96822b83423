// SPDX-License-Identifier: Apache-2.0
/** LangChain4j's models on MegaBERT. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module io.github.megabert.langchain4j {
  requires transitive io.github.megabert.core;
  requires transitive langchain4j.core;
  // What LangChain4j's core needs: it is an automatic module, which cannot say so itself.
  requires com.fasterxml.jackson.databind;
  requires org.slf4j;
  requires static org.jspecify;

  exports io.github.megabert.langchain4j;
}
