import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { podmanEnv } from '../../tools/podman/podman-files.mjs'
import { runProgram } from '../../tools/run-program.mjs'
import { installAll, type PackedInstallation } from './packed-installation.js'

const example = fileURLToPath(new URL('../../examples/runtime-podman', import.meta.url))
const plugin = 'capstan-example-runtime-podman'
const podman = await findPodman()
if (!podman.available) console.warn(`The tests of examples/runtime-podman are skipped: ${podman.reason}`)

describe.skipIf(!podman.available)('examples/runtime-podman, installed beside the packed packages', () => {
  let installed: PackedInstallation

  beforeAll(async () => {
    installed = await installAll(example)
  }, 240_000)

  afterAll(async () => await installed?.[Symbol.asyncDispose]())

  it('is listed by doctor without changes to other packages', async () => {
    const { output } = await capstan(['--plugin', plugin, 'doctor', '--json'])
    const { runtimes }: { runtimes: readonly { readonly runtime: string }[] } = JSON.parse(output)
    expect(runtimes.find(({ runtime }) => runtime === 'podman')).toMatchObject({ available: true, packageName: plugin })
  })

  it('starts the service of a real Podman and passes the kit', async () => {
    const { counts, failed } = await runKit([])
    expect(counts.passed).toBeGreaterThan(400)
    if (failed.length === 0) return
    // Podman 4.3 fails at concurrent requests, so the cases run one at a time.
    console.warn(`Run again one at a time, because they failed in parallel: ${failed.join(', ')}`)
    expect((await runKit(['--only', failed.join(','), '--concurrency', '1'])).failed).toEqual([])
  }, 780_000)

  it('stops the service and removes its socket when the process of the host is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'capstan-killed-'))
    const program = `
      import { createRuntimeHost, loadPlugins } from '@capstan/core'
      const host = createRuntimeHost({ plugins: await loadPlugins(['${plugin}']) })
      const { runtime } = await host.open()
      await runtime.ping()
      console.log('answered')
      setInterval(() => {}, 1000)`
    const argv = ['--input-type=module', '--eval', program]
    const host = spawn(process.execPath, argv, { cwd: installed.app, env: { ...env, TMPDIR: folder } })
    await once(host.stdout, 'data')
    expect(await findProcesses(folder)).not.toEqual([])
    host.kill('SIGKILL')
    await expect.poll(() => findProcesses(folder), { timeout: 10_000 }).toEqual([])
    await expect.poll(() => readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
  })

  async function runKit(options: readonly string[]) {
    const report = join(installed.app, 'report.json')
    const { code, output } = await capstan(
      ['conformance', '--plugin', plugin, '--runtime', 'podman', '--report', report].concat(
        ['--image', 'capstan-test/busybox:1', '--firewall-image', 'capstan-test/firewall:1'],
        ['--unavailable-env', 'CONTAINER_HOST=unix:///missing/podman.sock', '--timeout', '60'],
        options,
      ),
    )
    console.log(output.slice(-3000))
    const { counts, cases }: Report = JSON.parse(await readFile(report, 'utf8'))
    const failed = cases.flatMap(({ id, status }) => (status === 'failed' ? [id] : []))
    expect(code, output).toBe(failed.length === 0 ? 0 : 1)
    return { counts, failed }
  }

  function capstan(argv: readonly string[]) {
    return runProgram(installed.capstan, argv, { cwd: installed.app, env })
  }
})

// Programs in a pnpm workspace have NODE_PATH, by which the packages of the workspace would be found.
const { NODE_PATH: _, CONTAINER_HOST: __, ...rest } = process.env
const env = { ...rest, ...podmanEnv }

/** Finds the processes whose command line contains the folder. */
async function findProcesses(folder: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(folder))
}

/** Fails without Podman when CAPSTAN_REQUIRE_ENGINE is 1. */
async function findPodman() {
  const tool = fileURLToPath(new URL('../../tools/podman/podman.mjs', import.meta.url))
  const { code, output } = await runProgram(process.execPath, [tool, 'status'])
  const reason = `${output.trim()}; \`node tools/podman/podman.mjs up\` sets it up`
  if (code !== 0 && process.env.CAPSTAN_REQUIRE_ENGINE === '1')
    throw new Error(`CAPSTAN_REQUIRE_ENGINE=1, but ${reason}`)
  return { available: code === 0, reason }
}

interface Report {
  readonly counts: { readonly passed: number }
  readonly cases: readonly { readonly id: string; readonly status: string }[]
}
