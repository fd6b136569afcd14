// Package browser drives a real Chromium in tests, as a person would: opens addresses, clicks what is written on a button,
// fills the field that a label names, reads what is visible.
//
// A Browser is one tab with cookies of its own. All tabs of a test program share one browser process, which can reach
// nothing but this machine; it ends with the last tab, or with [Main] where a package has many tests. A Browser remembers
// what its pages asked for ([Browser.Requests]) and what they complained about ([Browser.Problems]): errors on the console,
// exceptions, whatever a policy forbade or could not be loaded.
//
//	func TestSignIn(t *testing.T) {
//		b := browser.Start(t)
//		b.Open(server.URL + "/login")
//		b.Fill("Name", "front")
//		b.Fill("Password", "correct horse battery")
//		b.Click("Sign in")
//		b.Wait("Welcome")
//		b.WantQuiet(server.URL)
//		b.WantAccessible()
//	}
//
// A step that cannot be done fails the test and says what stood on the page. Of a failed test a picture is kept in the
// folder that SATCHEL_SHOTS names, or else in satchel-shots in the system's folder for temporary files; with SATCHEL_SHOTS
// set, [Browser.Screenshot] keeps pictures too. Tests with a browser are skipped in short mode, and without Chromium, as
// satchel/internal/judge says.
package browser
