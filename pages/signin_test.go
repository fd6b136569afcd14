package pages_test

import (
	"testing"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	v := p.visitor()
	v.led(v.get("/"), "/sign-in")
	v.want(v.get("/sign-in"), 200, "<h1>Sign in</h1>", `name="password"`)
	v.want(v.post("/sign-in", "username", "ann", "password", "wrong"), 422, "the name or the password is wrong", `value="ann"`)
	v.want(v.post("/sign-in", "username", "", "password", ""), 422, "#f-username")
	v.led(v.post("/sign-in", "username", "ann", "password", password, "then", "/account"), "/account")
	v.want(v.get("/account"), 200, "Your account", "ann")
	v.want(v.get("/"), 200, "<h1>Today</h1>", "Elm Street Family Practice")
	v.led(v.get("/sign-in?then=/account"), "/account")
	v.led(v.post("/sign-out"), "/sign-in?done=out")
	v.want(v.get("/sign-in?done=out"), 200, "You are signed out.")
	v.led(v.get("/account"), "/sign-in?then=%2Faccount")
}
