import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testImages } from '../tools/engine/test-image.mjs'
import { podmanEnv } from '../tools/podman/podman-files.mjs'
import { runProgram } from '../tools/run-program.mjs'
import { hasSshServer, startSshServer } from '../tools/test-ssh-server.mjs'
import { root } from './docs/documents.js'
import { describeWithEngine } from './support/test-engine.js'

const folder = join(root, 'examples/batch')

describeWithEngine('examples/batch on a real engine', ({ socketPath, image }) => {
  it('prints the output in its README', async () => {
    expect(await run(['docker', image], { DOCKER_HOST: `unix://${socketPath}` })).toBe(await readOutput())
  })

  it.skipIf(!hasSshServer)('prints the same output over ssh', async () => {
    const server = await startSshServer()
    onTestFinished(() => server.close())
    expect(await run(['docker', image], server.toEngineEnv(socketPath))).toBe(await readOutput())
  })
})

const hasPodman = existsSync(podmanEnv.CONTAINERS_CONF)
if (!hasPodman)
  console.warn('The test of examples/batch on Podman is skipped: `node tools/podman/podman.mjs up` sets it up')

describe.skipIf(!hasPodman)('examples/batch on Podman', () => {
  it('prints the output in its README, with the plugin of another example', async () => {
    const argv = ['podman', `docker.io/${testImages.busybox}`, 'commands.txt', '../runtime-podman']
    expect(await run(argv, podmanEnv)).toBe(await readOutput())
  })
})

describe('examples/batch in the simulation', () => {
  it('prints the output in its README, and has at most 150 lines', async () => {
    expect(await run([], {})).toBe(await readOutput())
    const sources = await Promise.all(['main.mjs', 'batch.mjs'].map((name) => readFile(join(folder, name), 'utf8')))
    expect(sources.join('').split('\n').length).toBeLessThanOrEqual(150)
  })

  it('prints the same results on a cluster of three nodes', async () => {
    const output = await run(['memory-cluster'], {})
    expect(output).toBe((await readOutput()).replace('all on one engine', 'on 3 nodes'))
  })
})

/** Runs the example from `dist` and returns its output without the lines that it prints when a job ends. */
async function run(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const options = { cwd: folder, env: { ...process.env, ...env } }
  const { code, output } = await runProgram(process.execPath, [join(folder, 'main.mjs'), ...argv], options)
  expect(code, output).toBe(0)
  return output
    .split('\n')
    .filter((line) => / → |^(all )?on /.test(line))
    .join('\n')
}

async function readOutput(): Promise<string> {
  const readme = await readFile(join(folder, 'README.md'), 'utf8')
  return /^```text\n(.*?)\n```$/ms.exec(readme)?.[1] ?? ''
}
