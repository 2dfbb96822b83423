# The server in an image: built from this checkout, run by an image of Java that has what it needs and no more.
#   docker build -t megabert .
#   docker run -p 127.0.0.1:8080:8080 -v "$PWD/my-model:/models/my-model:ro" megabert serve --host 0.0.0.0 --model /models/my-model
# For other machines, with the key that they have to send in the variable MEGABERT_API_KEY:
#   docker run -p 8080:8080 -e MEGABERT_API_KEY -v "$PWD/my-model:/models/my-model:ro" megabert serve --host 0.0.0.0 --model /models/my-model
FROM eclipse-temurin:25-jdk AS build
WORKDIR /src
COPY . .
RUN ./mvnw -q -B -pl cli,server -am -Dmaven.test.skip=true -Dspotless.check.skip=true package \
    && mkdir -p /opt/megabert/lib \
    && cp cli/target/megabert-cli-*.jar /opt/megabert/megabert-cli.jar \
    && cp server/target/megabert-server-*.jar /opt/megabert/megabert-server.jar \
    && cp server/target/lib/*.jar /opt/megabert/lib/ \
    && cp cli/src/main/resources/io/github/megabert/cli/jvm-options /opt/megabert/ \
    && jlink --add-modules java.se,jdk.incubator.vector,jdk.jfr,jdk.unsupported,jdk.management,jdk.crypto.ec \
        --strip-debug --no-header-files --no-man-pages --compress zip-6 --output /opt/java

FROM debian:stable-slim
COPY --from=build /opt/java /opt/java
COPY --from=build /opt/megabert /opt/megabert
RUN useradd --system --uid 10001 megabert
USER 10001
EXPOSE 8080
# JDK_JAVA_OPTIONS of `docker run -e` adds flags of the JVM.
ENTRYPOINT ["/opt/java/bin/java", "@/opt/megabert/jvm-options", "-cp", \
    "/opt/megabert/megabert-cli.jar:/opt/megabert/megabert-server.jar", "io.github.megabert.cli.Main"]
CMD ["serve", "--host", "0.0.0.0"]
