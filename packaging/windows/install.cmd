@echo off
rem Installs Satchel as a Windows service, or brings a newer version to one that is installed. Say it as often as you like.
setlocal
set "PROGRAM=%ProgramFiles%\Satchel"
set "DATA=%ProgramData%\Satchel"
set "SATCHEL=%PROGRAM%\satchel.exe"

fltmc >nul 2>&1
if errorlevel 1 (
    echo Satchel is installed for the whole computer. Windows asks for an administrator now.
    powershell -NoProfile -Command "Start-Process -FilePath '%~f0' -Verb RunAs"
    exit /b
)

if not exist "%~dp0satchel.exe" (
    echo satchel.exe is not beside this file. Unpack the whole ZIP file first: right-click it, then "Extract All".
    goto failed
)

if exist "%SATCHEL%" (
    echo Stopping the installed Satchel ...
    "%SATCHEL%" service stop
)

echo Copying the program to %PROGRAM% ...
if not exist "%PROGRAM%" mkdir "%PROGRAM%"
copy /y "%~dp0satchel.exe" "%SATCHEL%" >nul
if errorlevel 1 (
    echo The program cannot be copied. Is it still running? Restart the computer and begin again.
    goto failed
)
for %%f in (uninstall.cmd LICENSE THIRD-PARTY.txt README.md CHANGELOG.md) do if exist "%~dp0%%f" copy /y "%~dp0%%f" "%PROGRAM%\" >nul

if not exist "%DATA%\satchel.db" (
    echo.
    echo Choose a name and a password for the first administrator of Satchel.
    "%SATCHEL%" init --data "%DATA%"
    if errorlevel 1 goto failed
)

"%SATCHEL%" service install
if errorlevel 1 goto failed
"%SATCHEL%" service start
if errorlevel 1 goto failed

rem The service answers after some seconds; a database of an older version is brought up to date first.
for /l %%i in (1,1,60) do (
    "%SATCHEL%" health --data "%DATA%" >nul 2>&1
    if not errorlevel 1 goto ready
    timeout /t 1 /nobreak >nul
)
echo Satchel was started but does not answer yet. Its log is in %DATA%\logs\satchel.log
goto failed

:ready
echo.
echo Satchel runs, and starts with this computer. The records are in %DATA%
start "" "http://127.0.0.1:8080/"
pause
exit /b 0

:failed
echo.
echo Satchel is not installed, or does not run. The lines above say why. Nothing was removed.
pause
exit /b 1
