// Copies the files of examples/quickstart into the package before it is packed, so that the published command has them.
// `--remove` removes the copy.
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../../../examples/quickstart/', import.meta.url))
const copy = fileURLToPath(new URL('../quickstart/', import.meta.url))
const names = ['Dockerfile', '.dockerignore', 'hello-amd64', 'hello-arm64']

rmSync(copy, { recursive: true, force: true })
if (!process.argv.includes('--remove')) {
  for (const name of names) cpSync(`${source}${name}`, `${copy}${name}`)
}
