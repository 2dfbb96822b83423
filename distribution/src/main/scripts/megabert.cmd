@echo off
rem Runs the megabert command of this distribution, with the JDK 25 of JAVA_HOME, or else of the PATH.
rem MEGABERT_JAVA_OPTIONS: more flags for the JVM, such as -Xmx4g.
setlocal
set "LIB=%~dp0..\lib"
set "JAVA=java.exe"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java.exe"
rem The server and its libraries are on the class path of the command that needs them, and of no other.
set "CLASS_PATH=%LIB%\megabert-cli.jar"
set "REST=%*"
:next_word
set "WORD=%~1"
if not defined WORD goto run
if "%WORD:~0,1%"=="-" (
  shift /1
  goto next_word
)
if "%WORD%"=="serve" set "CLASS_PATH=%CLASS_PATH%;%LIB%\megabert-server.jar"
:run
"%JAVA%" "@%LIB%\jvm-options" -XX:+UseSerialGC %MEGABERT_JAVA_OPTIONS% -cp "%CLASS_PATH%" io.github.megabert.cli.Main %REST%
exit /b %ERRORLEVEL%
