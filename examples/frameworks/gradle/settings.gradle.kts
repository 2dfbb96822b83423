rootProject.name = "gradle-megabert"
