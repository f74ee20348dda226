import { expect, it } from 'vitest'
import { listUnsupportedOptions, type OptionInput } from '../../src/probe/unsupported-options.js'

const create = ['cap-add', 'ulimit', 'init', 'read-only', 'shm-size']
const commands = (change: Readonly<Record<string, readonly string[] | undefined>>): OptionInput['commands'] => {
  const all = { create, build: ['dns'], network: [], volume: [], ...change }
  return new Map(Object.entries(all).flatMap(([name, options]) => (options ? [[name, new Set(options)]] : [])))
}
const createWithout = (option: string) => ({ commands: commands({ create: create.filter((name) => name !== option) }) })
const list = (facts: Partial<OptionInput>) =>
  listUnsupportedOptions({ commands: commands({}), version: '1.2.2', noTerminal: undefined, ...facts })
const toFields = (facts: Partial<OptionInput>) => list(facts).map(({ field }) => field)

it('lists each field once, with a reason', () => {
  const unsupported = list({ commands: commands({ network: undefined, create: [] }) })
  expect(new Set(unsupported.map(({ field }) => field)).size).toBe(unsupported.length)
  for (const { reason } of unsupported) expect(reason).not.toBe('')
})

it.each<readonly [string, Partial<OptionInput>, readonly string[]]>([
  ['--cap-add', createWithout('cap-add'), ['capAdd', 'capDrop']],
  ['--ulimit', createWithout('ulimit'), ['ulimits']],
  ['--init', createWithout('init'), ['init']],
  ['--read-only', createWithout('read-only'), ['readOnlyRootFilesystem']],
  ['--shm-size', createWithout('shm-size'), ['shmSizeBytes']],
  ['the network "none", as 1.0', { version: '1.0.3' }, ['network.none']],
  ['networks', { commands: commands({ network: undefined }), version: '0.12.0' }, ['network']],
  ['volumes', { commands: commands({ volume: undefined }) }, ['mounts.volume']],
  ['--dns for builds', { commands: commands({ build: [] }) }, ['build.dns']],
  ['a terminal', { noTerminal: { field: 'tty', reason: 'no library', remedy: 'install it' } }, ['tty']],
])('without %s it adds the fields of that to those of every release', (_, facts, fields) => {
  const always = new Set(toFields({}))
  expect(toFields(facts).filter((field) => !always.has(field))).toEqual(fields)
})
