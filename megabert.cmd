@echo off
rem Runs the megabert command on Windows: builds it on first use, finds a JDK 25, passes the flags that it needs.
rem After a change of the sources: mvnw.cmd package -DskipTests
setlocal EnableExtensions DisableDelayedExpansion
set "HERE=%~dp0"
set "FOUND="
call :try_jdk "%JAVA_HOME%"
for %%P in ("%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Java" "%ProgramFiles%\Microsoft" "%ProgramFiles%\Amazon Corretto" "%ProgramFiles%\Zulu" "%ProgramFiles%\BellSoft" "%USERPROFILE%\.jdks") do (
  for /d %%D in ("%%~P\*") do call :try_jdk "%%~D"
)
if not defined FOUND (
  echo megabert: no JDK 25 or later found in JAVA_HOME or the usual folders. Install one, or set JAVA_HOME to it. 1>&2
  exit /b 1
)
set "JAVA_HOME=%FOUND%"

call :find_jar
if not defined JAR (
  echo megabert: building, which takes about a minute the first time ... 1>&2
  call "%HERE%mvnw.cmd" -q -B -f "%HERE%pom.xml" -pl cli -am -Dmaven.test.skip=true -Dspotless.check.skip=true package 1>&2
  call :find_jar
)
if not defined JAR (
  echo megabert: the build failed; its output is above. 1>&2
  exit /b 1
)
rem The server and its libraries are on the class path of the command that needs them, and of no other.
set "CLASS_PATH=%JAR%"
:next_word
set "WORD=%~1"
if not defined WORD goto run
if "%WORD:~0,1%"=="-" (
  shift /1
  goto next_word
)
if "%WORD%"=="serve" set "CLASS_PATH=%JAR%;%SERVER_JAR%"
:run
"%JAVA_HOME%\bin\java.exe" "@%HERE%cli\src\main\resources\io\github\megabert\cli\jvm-options" -Xms64m -XX:+UseSerialGC %MEGABERT_JAVA_OPTIONS% -cp "%CLASS_PATH%" io.github.megabert.cli.Main %*
exit /b %ERRORLEVEL%

:find_jar
set "JAR="
for %%J in ("%HERE%cli\target\megabert-cli-*.jar") do set "JAR=%%~fJ"
set "SERVER_JAR=%JAR%"
for %%J in ("%HERE%server\target\megabert-server-*.jar") do set "SERVER_JAR=%%~fJ"
exit /b

rem Takes folder %1 if it is such a JDK, by its release file, and none was found before.
:try_jdk
if defined FOUND exit /b
if not exist "%~1\bin\javac.exe" exit /b
if not exist "%~1\release" exit /b
for /f usebackq^ tokens^=2^ delims^=^=.^" %%V in (`findstr /b "JAVA_VERSION=" "%~1\release"`) do if %%V GEQ 25 set "FOUND=%~1"
exit /b
