@echo off
rem Removes the service and the program. The records stay.
setlocal
set "PROGRAM=%ProgramFiles%\Satchel"
set "DATA=%ProgramData%\Satchel"
set "SATCHEL=%PROGRAM%\satchel.exe"

fltmc >nul 2>&1
if errorlevel 1 (
    echo Windows asks for an administrator now.
    powershell -NoProfile -Command "Start-Process -FilePath '%~f0' -Verb RunAs"
    exit /b
)

if not exist "%SATCHEL%" (
    echo Satchel is not installed in %PROGRAM%
    pause
    exit /b 1
)
"%SATCHEL%" service stop
"%SATCHEL%" service uninstall
if errorlevel 1 (
    echo The service cannot be removed. The lines above say why. Nothing else was changed.
    pause
    exit /b 1
)
del /q "%SATCHEL%"
echo.
echo Satchel is removed. The records stay in %DATA%
echo Delete that folder yourself when nobody needs them any more.
pause
exit /b 0
