plugins {
  kotlin("jvm") version "2.4.21"
  application
}

repositories {
  mavenLocal()
  mavenCentral()
}

dependencies {
  implementation("io.github.megabert:megabert-core:0.1.0")
  implementation("io.github.megabert:megabert-demo-model:0.1.0")
}

kotlin { jvmToolchain(25) }

val flags = listOf("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED")
tasks.withType<JavaExec> { jvmArgs(flags) }
tasks.withType<Test> { jvmArgs(flags) }
// What installDist and distZip start.
application {
  mainClass = "HelloKt"
  applicationDefaultJvmArgs = flags
}
