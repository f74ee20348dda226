import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../../tools/run-program.mjs'
import { root } from '../../tools/workspace.mjs'

/**
 * Finds errors of the packed packages in use: an entry that Node does not load, a program that does not print its version,
 * types that do not compile.
 *
 * @param {readonly import('./pack-all.mjs').PackedPackage[]} packed
 * @param {string} user directory of the project that has them installed
 * @returns {Promise<readonly import('../source/violation.mjs').Violation[]>}
 */
export async function findUseViolations(packed, user) {
  const found = await Promise.all(packed.map((pack) => findRunViolations(pack, user)))
  return [...found.flat(), ...(await findTypeViolations(packed, user))]
}

/**
 * @param {import('./pack-all.mjs').PackedPackage} pack
 * @param {string} user
 */
async function findRunViolations({ name, path, manifest }, user) {
  const imports = toEntries(name, manifest).map((entry) => [
    '--input-type=module',
    '--eval',
    `await import('${entry}')`,
  ])
  const programs = Object.values(manifest.bin ?? {}).map((file) => [join('node_modules', name, file), '--version'])
  const runs = [...imports, ...programs].map(async (args) => {
    const { code, output } = await runProgram(process.execPath, args, { cwd: user })
    return code === 0
      ? []
      : [{ path, text: `installed alone, \`node ${args.at(-1)}\` ends with ${code}:\n${output.trimEnd()}` }]
  })
  return (await Promise.all(runs)).flat()
}

/**
 * Compiles a program that imports every entry, with `skipLibCheck` off.
 *
 * @param {readonly import('./pack-all.mjs').PackedPackage[]} packed
 * @param {string} user
 */
async function findTypeViolations(packed, user) {
  const entries = packed.flatMap(({ name, manifest }) => toEntries(name, manifest))
  writeFileSync(join(user, 'user.ts'), entries.map((entry, at) => `export * as _${at} from '${entry}'`).join('\n'))
  const compilerOptions = { ...options, lib: ['ES2023', 'ESNext.Disposable'], types: ['node'] }
  writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }))
  const { code, output } = await runProgram(process.execPath, [compiler, '--pretty', 'false'], { cwd: user })
  return code === 0 ? [] : [{ path: 'packages', text: `the published types do not compile:\n${output.trimEnd()}` }]
}

/**
 * @param {string} name
 * @param {import('../source/packages.mjs').Manifest} manifest
 */
function toEntries(name, { exports = {} }) {
  return Object.keys(exports)
    .filter((entry) => !entry.endsWith('.json'))
    .map((entry) => name + entry.slice(1))
}

const options = { target: 'ES2022', module: 'NodeNext', strict: true, noEmit: true, exactOptionalPropertyTypes: true }
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
