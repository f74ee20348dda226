import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain } from '../tools/is-main.mjs'
import { runProgram } from '../tools/run-program.mjs'
import { reportViolations } from './source/violation.mjs'

/**
 * Finds committed protocol code that differs from the output of the generator for the .proto files.
 *
 * @param {string} directory of a package with a `buf.gen.yaml`
 * @returns {Promise<readonly import('./source/violation.mjs').Violation[]>}
 */
export async function findGeneratedViolations(directory) {
  const folder = mkdtempSync(join(tmpdir(), 'capstan-generated-'))
  try {
    const programs = join(directory, 'node_modules', '.bin')
    const env = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}` }
    const { code, output } = await runProgram(join(programs, 'buf'), ['generate', '--output', folder], {
      cwd: directory,
      env,
    })
    if (code !== 0) throw new Error(`buf generate ended with ${code}: ${output}`)
    const expected = readFolder(join(folder, generated))
    const committed = readFolder(join(directory, generated))
    const names = [...new Set([...Object.keys(expected), ...Object.keys(committed)])]
    return names
      .filter((name) => expected[name] !== committed[name])
      .map((name) => ({ path: join(generated, name), text: 'differs from the output of `pnpm generate`' }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} folder @returns {Record<string, string>} */
function readFolder(folder) {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

const generated = join('src', 'generated')

if (isMain(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  reportViolations(await findGeneratedViolations(join(root, 'packages', 'buildkit-client')))
}
