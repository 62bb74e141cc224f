// The script of a package's command.
import {readFileSync} from "node:fs";

export function tool(name, command) {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const {bin} = JSON.parse(readFileSync(new URL("package.json", folder)));
  return new URL(typeof bin === "string" ? bin : bin[command], folder).pathname;
}
