import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../../tools/run-program.mjs'
import { installPackedPackages, type PackedInstallation } from './packed-installation.js'

let installed: PackedInstallation

beforeAll(async () => {
  installed = await installPackedPackages()
}, 240_000)

afterAll(async () => await installed[Symbol.asyncDispose]())

describe('two installed copies of core in one tree', () => {
  it('share tokens and errors, and reject a feature class of the other copy with an error that names both', async () => {
    const program = `
      import { createRuntimeHost, isHostError, networkManagerCapability } from '@capstan/core'
      import { createHostError } from '@capstan/core/plugin'
      import { memoryPlugin } from '@capstan/runtime-memory'
      import { core, ThirdPartyFeature } from 'third-party-feature'

      const host = createRuntimeHost({ plugins: [memoryPlugin()] })
      const scope = await host.open({ runtime: 'memory' })
      const facts = { image: 'x' }
      const rejection = () => {
        try {
          scope.resolve(ThirdPartyFeature)
        } catch (error) {
          return error.message
        }
      }
      console.log(JSON.stringify({
        isSameCopy: core.isHostError === isHostError,
        isSameToken: core.networkManagerCapability.token === networkManagerCapability.token,
        isFound: core.findCapability(scope, core.networkManagerCapability) !== undefined,
        isKnownHere: isHostError(core.createHostError('IMAGE_NOT_FOUND', facts), 'IMAGE_NOT_FOUND'),
        isKnownThere: core.isHostError(createHostError('IMAGE_NOT_FOUND', facts), 'IMAGE_NOT_FOUND'),
        rejection: rejection(),
      }))
      await host[Symbol.asyncDispose]()`
    const { code, output } = await runInApp(program)
    expect(code, output).toBe(0)
    const { rejection, ...findings } = JSON.parse(output)
    expect(findings).toEqual({
      isSameCopy: false,
      isSameToken: true,
      isFound: true,
      isKnownHere: true,
      isKnownThere: true,
    })
    expect(rejection).toMatch(
      /@capstan\/core 9\.9\.9 in .*\/app\/node_modules\/third-party-feature\/node_modules\/@capstan\/core/,
    )
    expect(rejection).toMatch(/@capstan\/core 0\.\d+\.\d+ in .*\/app\/node_modules\/@capstan\/core/)
  })
})

describe('the command, installed globally', () => {
  it("finds a runtime package in the application's own node_modules", async () => {
    const { output } = await capstan(['doctor', '--plugin', 'third-party-runtime', '--json'])
    expect(findRuntime(output, 'third-party')).toMatchObject({
      available: true,
      packageName: 'third-party-runtime',
      packageVersion: '2.3.4',
    })
  })

  it('finds a runtime in a folder of the application', async () => {
    const { app } = installed
    await cp(join(app, 'node_modules', 'third-party-runtime'), join(app, 'plugins', 'local'), { recursive: true })
    const { output } = await capstan(['doctor', '--plugin', './plugins/local', '--json'])
    expect(findRuntime(output, 'third-party')).toMatchObject({ available: true, packageVersion: '2.3.4' })
  })

  it('runs a container on that runtime', async () => {
    const argv = [
      '--plugin',
      'third-party-runtime',
      '--runtime',
      'third-party',
      'run',
      '--rm',
      'busybox',
      'echo',
      'it works',
    ]
    expect(await capstan(argv)).toEqual({ code: 0, output: 'it works\n' })
  })

  it('runs the kit on that runtime, also in another process', async () => {
    const argv = ['conformance', '--plugin', 'third-party-runtime', '--only', 'PRB,REG,NAME,PROC', '--json']
    const { code, output } = await capstan(argv)
    expect(code, output).toBe(0)
    expect(output).toMatch(/"failed": 0,\s+"absent": 2,\s+"unsupported": 0/)
  })

  it('does not load its own packages as packages of the application', async () => {
    const otherFolder = join(installed.app, '..', 'other-folder')
    await mkdir(otherFolder)
    const { code, output } = await capstan(['doctor', '--plugin', '@capstan/runtime-memory'], otherFolder)
    expect(code, output).toBe(125)
    expect(output).toMatch(/"@capstan\/runtime-memory".*was not found from \/.*\/other-folder\/:/)
  })
})

async function runInApp(program: string) {
  await writeFile(join(installed.app, 'program.mjs'), program)
  return await runProgram(process.execPath, ['program.mjs'], { cwd: installed.app, env })
}

function capstan(argv: readonly string[], cwd = installed.app) {
  return runProgram(installed.capstan, argv, { cwd, env })
}

function findRuntime(output: string, name: string): unknown {
  const { runtimes }: { runtimes: readonly { readonly runtime: string }[] } = JSON.parse(output)
  return runtimes.find(({ runtime }) => runtime === name)
}

// Programs in a pnpm workspace have NODE_PATH, by which the packages of the workspace would be found.
const { NODE_PATH: _, ...env } = process.env
