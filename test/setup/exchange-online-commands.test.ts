import { describe, expect, test } from "vitest";
import { allowEws } from "../../src/setup/exchange-online-commands.ts";

// EwsAllowedAppIDs is one text, its ids separated by commas: a list given to it keeps only what PowerShell makes of it.
// https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-organizationconfig#-ewsallowedappids
describe("the commands that allow EWS for one more application", () => {
  const id = "00000000-1111-2222-3333-444444444444";
  const lines = allowEws(id);

  test("read the ids from one comma-separated text and write one", () => {
    const [read, ...more] = lines.filter((line) => line.startsWith("$allowed = ") && line.includes("Get-OrganizationConfig"));
    expect(more).toEqual([]);
    expect(read).toMatch(/\.EwsAllowedAppIDs -split ',' \| ForEach-Object \{ \$_\.Trim\(\) \}/);
    expect(lines.filter((line) => line.startsWith("Set-OrganizationConfig -EwsAllowedAppIDs"))).toEqual([
      "Set-OrganizationConfig -EwsAllowedAppIDs ($allowed -join ',')",
    ]);
  });

  test("keep the allowed applications, add the new one, and switch EWS on last", () => {
    expect(lines).toContain(`$allowed = @($allowed + '${id}' | Select-Object -Unique)`);
    expect(lines.at(-1)).toBe("Set-OrganizationConfig -EwsEnabled $true");
  });
});
