import io.github.megabert.MegaBert

fun main() {
  MegaBert.demo().use { bert ->
    bert.fillMask().best("a dog is a domesticated [MASK].", 5).forEach {
      println("${it.token()} ${it.score()}")
    }
  }
}
