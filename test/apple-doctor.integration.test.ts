import { expect, it } from 'vitest'
import { runCapstan } from '../packages/cli/test/support/run-capstan.js'
import type { ApplePluginOptions } from '../packages/runtime-apple/src/index.js'
import { describeWithSimulator } from '../packages/runtime-apple/test/simulator/describe-with-simulator.js'
import { simulatedPlugin } from '../packages/runtime-apple/test/simulator/open-apple.js'
import { releases, type SimulatorOptions } from '../packages/runtime-apple/test/simulator/start-simulator.mjs'
import { useSimulator } from '../packages/runtime-apple/test/simulator/use-simulator.js'

/** Reads the output of `--json`, because the page wraps lines. */
async function readDoctor(simulation: SimulatorOptions, options: ApplePluginOptions): Promise<string> {
  const { command } = await useSimulator(simulation)
  const { stdout } = await runCapstan(['doctor', '--json'], { plugins: [simulatedPlugin({ command }, options)] })
  return stdout
}

describeWithSimulator('capstan doctor names the cause when Apple is unavailable or limited', () => {
  const causes: readonly (readonly [string, SimulatorOptions, ApplePluginOptions, readonly string[]])[] = [
    ['not macOS', {}, { platform: { os: 'linux', arch: 'arm64' } }, ['needs macOS, and this is linux']],
    ['not Apple silicon', {}, { platform: { os: 'darwin', arch: 'x64' } }, ['needs Apple silicon']],
    [
      'no command',
      {},
      { command: '/missing/container' },
      ['there is no command', 'github.com/apple/container/releases'],
    ],
    [
      'a service that is not running',
      { service: { status: 'unregistered' } },
      {},
      ['the service of the command is not running', 'start it: container system start'],
    ],
    [
      'no kernel',
      { service: { kernel: false } },
      {},
      ['no kernel is configured', 'container system kernel set --recommended'],
    ],
    ['two versions', { service: { version: '1.1.0' } }, {}, ['the command is 1.2.2 and its service 1.1.0']],
    [
      'a macOS that is too old for networks',
      { release: releases['1.2 on macOS 15'] },
      { networks: 'if-available' },
      ['the command has no networks on this macOS', 'update macOS to 26 or newer'],
    ],
  ]
  const words = causes.flatMap(([, , , expected]) => expected.slice(0, 1))

  it.each(causes)('%s', async (_, simulation, options, expected) => {
    const output = await readDoctor(simulation, options)
    for (const text of expected) expect(output).toContain(text)
    expect(words.filter((text) => output.includes(text))).toEqual(expected.slice(0, 1))
  })
})
