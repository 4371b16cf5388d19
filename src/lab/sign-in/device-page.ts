/** Returns the page for a person who enters a code: without a script, for a browser and for curl. `said`: the result of the last code. */
export function devicePage(account: string, said = ""): string {
  const note = said === "" ? "" : `<p><strong>${said}</strong></p>`;
  return `<!DOCTYPE html>
<html lang="en"><head><title>Sign in at the lab</title></head><body>
<h1>Sign in at the lab</h1>${note}
<p>This is the practice tenant of mailcordon, and not Microsoft. It asks for no password.</p>
<form method="post">
<p><label>Code <input name="code" autofocus required></label></p>
<p><label>Account <input name="account" value="${account}" required></label></p>
<p><button name="answer" value="yes">Sign in</button> <button name="answer" value="no">Decline</button></p>
</form></body></html>
`;
}
