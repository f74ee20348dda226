import { describe, expect, it, onTestFinished } from 'vitest'
import { runCapstan } from '../../packages/cli/test/support/run-capstan.js'
import { createSimulatedBuildKitPlugin } from '../../packages/feature-buildkit/test/support/simulated-buildkit.js'

const env = { CAPSTAN_RUNTIME: 'memory' }

describe('capstan buildkit stop', () => {
  it('stops a BuildKit whose daemon does not answer', async () => {
    const daemon = { isUnresponsive: false }
    onTestFinished(() => {
      daemon.isUnresponsive = false
    })
    const plugins = [createSimulatedBuildKitPlugin({ buildkit: { isUnresponsive: () => daemon.isUnresponsive } })]
    const capstan = (...argv: readonly string[]) => runCapstan(['buildkit', ...argv], { env, plugins })
    expect(await capstan('start')).toMatchObject({ exitCode: 0 })
    daemon.isUnresponsive = true
    expect(await capstan('stop', '--json')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('"state": "stopped"'),
    })
    expect((await capstan('stop')).stdout).toBe('BuildKit does not run on memory.\n')
  })
})

describe('capstan buildkit start', () => {
  it('prints why a privilege level is not used', async () => {
    const plugins = [
      createSimulatedBuildKitPlugin({ unsupportedOptions: ['privileged'], buildkit: { failsTestBuild: ['rootless'] } }),
    ]
    const { exitCode, stderr } = await runCapstan(['buildkit', 'start'], { env, plugins })
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^privilege level "privileged" is not used: .+$/m)
    expect(stderr).toMatch(
      /^privilege level "rootless" is not used: BuildKit answers, but the RUN of a test build failed: .*read-only file system$/m,
    )
    const { stdout } = await runCapstan(['buildkit', 'start', '--json'], { env, plugins })
    expect(JSON.parse(stdout)).toMatchObject({ privilege: 'added-capabilities', privilegeLevels: expect.any(Array) })
    await runCapstan(['buildkit', 'stop'], { env, plugins })
  })
})
