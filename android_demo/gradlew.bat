@rem Runs the Gradle that gradle\wrapper\gradle-wrapper.properties names, as gradlew does.
@rem Written for this project; the jar is not in the repository: make-wrapper makes it (in Git Bash or WSL).
@echo off
setlocal
set jar=%~dp0gradle\wrapper\gradle-wrapper.jar
if defined JAVA_HOME (set "java=%JAVA_HOME%\bin\java.exe") else (set java=java.exe)
if not exist "%jar%" (
    echo gradlew: %jar% is missing; run make-wrapper, which makes it 1>&2
    exit /b 1
)
"%java%" -Xmx64m -Xms64m %JAVA_OPTS% %GRADLE_OPTS% -Dorg.gradle.appname=gradlew -classpath "%jar%" org.gradle.wrapper.GradleWrapperMain %*
exit /b %ERRORLEVEL%
