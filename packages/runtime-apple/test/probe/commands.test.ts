import { describe, expect, it } from 'vitest'
import { hasOption, parseCommandTree } from '../../src/probe/commands.js'

const toBytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

describe('parseCommandTree', () => {
  const tree = {
    serializationVersion: 0,
    command: {
      commandName: 'container',
      subcommands: [
        { commandName: 'create', arguments: [{ kind: 'option', names: [{ kind: 'long', name: 'cap-add' }] }] },
        { commandName: 'image', subcommands: [{ commandName: 'pull' }] },
      ],
    },
  }

  it('finds commands and options', () => {
    const commands = parseCommandTree(toBytes(tree)) ?? new Map()
    expect(commands.has('image pull')).toBe(true)
    expect(commands.has('network')).toBe(false)
    expect(hasOption(commands, 'create', 'cap-add')).toBe(true)
    expect(hasOption(commands, 'create', 'ulimit')).toBe(false)
    expect(hasOption(commands, 'network', 'any')).toBe(false)
  })

  it.each(['no tree', '{"command":{}}', '{"command":{"subcommands":{}}}', '[]'])('returns undefined for %j', (text) => {
    expect(parseCommandTree(toBytes(text))).toBeUndefined()
  })
})
