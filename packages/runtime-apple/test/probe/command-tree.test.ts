import { describe, expect, it } from 'vitest'
import { parseCommandTree } from '../../src/probe/command-tree.js'

const toBytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

describe('the command tree', () => {
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
    const commands = parseCommandTree(toBytes(tree))
    expect(commands?.hasCommand('image', 'pull')).toBe(true)
    expect(commands?.hasCommand('network')).toBe(false)
    expect(commands?.hasOption(['create'], 'cap-add')).toBe(true)
    expect(commands?.hasOption(['create'], 'ulimit')).toBe(false)
    expect(commands?.hasOption(['network'], 'any')).toBe(false)
  })

  it.each(['no tree', '{"command":{}}', '[]'])('is undefined for %j', (text) => {
    expect(parseCommandTree(toBytes(text))).toBeUndefined()
  })
})
