/** LangChain4j's models on MegaBERT. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module io.github.megabert.langchain4j {
  requires transitive io.github.megabert.core;
  requires transitive langchain4j.core;
  requires static org.jspecify;

  exports io.github.megabert.langchain4j;
}
