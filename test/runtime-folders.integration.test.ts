import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../tools/run-program.mjs'
import { root } from './docs/documents.js'

const problem = findProblem()
if (problem !== undefined) console.warn(`The tests of examples/runtime-folders are skipped: ${problem}`)

describe.skipIf(problem !== undefined)('examples/runtime-folders', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capstan-folders-'))
    const { code, output } = await run('sh', [join(root, 'examples/runtime-folders/make-image.sh')])
    expect(code, output).toBe(0)
  })

  afterAll(async () => await rm(folder, { recursive: true, force: true }))

  it('passes the conformance kit and removes its containers', async () => {
    const report = join(folder, 'report.json')
    const argv = ['conformance', '--plugin', join(root, 'examples/runtime-folders'), '--report', report]
    const options = ['--unavailable-env', 'CAPSTAN_FOLDERS=/missing', '--timeout', '60']
    const { code, output } = await run(process.execPath, [bin, ...argv, ...options])
    expect(code, output).toBe(0)
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ counts: { failed: 0 } })
    expect(await readdir(join(folder, 'containers'))).toEqual([])
  }, 300_000)

  function run(program: string, argv: readonly string[]) {
    return runProgram(program, argv, { cwd: root, env: { ...process.env, CAPSTAN_FOLDERS: folder } })
  }
})

/** Returns why the example cannot run on this machine, if it cannot. */
function findProblem(): string | undefined {
  if (process.getuid?.() !== 0) return 'chroot needs root'
  try {
    const output = execFileSync('sh', ['-c', 'busybox --list >/dev/null && ldd "$(command -v busybox)" 2>&1 || true'])
    return /not a dynamic executable|statically linked/.test(String(output))
      ? undefined
      : 'no static busybox is installed'
  } catch (error) {
    return `busybox: ${String(error)}`
  }
}

const bin = join(root, 'packages/cli/dist/bin.js')
