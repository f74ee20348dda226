import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BuildKitFeature } from '../../src/index.js'
import { toFiles, toShellFilesCommand } from '../../src/sidecar/test-build.js'
import { readExec } from '../support/read-exec.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-scripts-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** Runs the script with this marker. */
async function run(marker: string) {
  const [sh = '', ...words] = toShellFilesCommand(marker)
  const child = spawn(sh, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit').then(([exitCode]) => exitCode)
  return { output: await buffer(child.stdout), exitCode: await ended }
}

describe('the script of the test build', () => {
  it('writes the shell and its libraries, with which a command starts', async () => {
    const folder = await makeFolder()
    const { output, exitCode } = await run(join(folder, 'marker'))
    expect(exitCode).toBe(0)
    const files = toFiles(output) ?? {}
    expect(files['bin/sh']?.subarray(1, 4)).toEqual(Buffer.from('ELF'))
    expect(await readdir(folder)).toEqual([])
    // chroot requires root.
    if (process.getuid?.() !== 0) return
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), content, { mode: 0o755 })
    }
    const [code] = await once(spawn('sh', ['-c', 'chroot "$0" /bin/sh -c :', folder]), 'exit')
    expect(code).toBe(0)
  })

  it('writes no files if the marker exists', async () => {
    const marker = join(await makeFolder(), 'marker')
    await writeFile(marker, '')
    expect(await run(marker)).toEqual({ output: Buffer.from('done\n'), exitCode: 0 })
  })
})

describe('the files of the test build', () => {
  it('are read from the output, also if they are binary or empty', () => {
    const binary = Buffer.from([10, 0, 255, 10])
    const output = Buffer.concat([Buffer.from('/bin/sh\n4\n'), binary, Buffer.from('/lib/a\n0\n/lib/b c\n2\nhidone\n')])
    const files = { 'bin/sh': binary, 'lib/a': Buffer.alloc(0), 'lib/b c': Buffer.from('hi') }
    expect(toFiles(output)).toEqual(files)
    expect(toFiles(Buffer.from('done\n'))).toEqual({})
  })

  it('are not read from output that is cut off at any byte', () => {
    const output = Buffer.from('/bin/sh\n2\nhi/lib/a\n0\n/lib/b\n10\n0123456789done\n')
    for (let length = 0; length < output.length; length += 1)
      expect(toFiles(output.subarray(0, length))).toBeUndefined()
  })
})

describe('the test build', () => {
  it('runs once in a sidecar that several starts share', async () => {
    await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: ['privileged'] })
    const feature = scope.resolve(BuildKitFeature)
    await using first = await feature.start({ graceMs: 1 })
    await using second = await feature.start({ graceMs: 1 })
    expect(second.containerId).toBe(first.containerId)
    expect(await readExec(scope, first.containerId, ['sh', '-c', '', 'countTestBuilds'])).toBe('|')
    const [build, ...others] = await first.builds()
    expect({ state: build?.state, steps: build?.totalSteps, others }).toMatchObject({ state: 'completed', others: [] })
  })

  it('rejects with OPERATION_FAILED when the output of the shell is lost', async () => {
    const buildkit = { losesTestBuildOutput: true }
    await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: ['privileged'], buildkit })
    const facts = { operation: 'run a step', reason: 'the output of the shell is incomplete' }
    await expect(scope.resolve(BuildKitFeature).start()).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts })
    expect(await scope.runtime.listContainers()).toEqual([])
  })
})
