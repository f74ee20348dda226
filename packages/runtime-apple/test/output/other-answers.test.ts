import { describe, expect, it } from 'vitest'
import { parseCommandTree } from '../../src/output/command-tree.js'
import { parseNetworks } from '../../src/output/networks.js'
import { readJson } from '../../src/output/read-json.js'
import { parseSystemStatus } from '../../src/output/system-status.js'
import { parseVolumes } from '../../src/output/volumes.js'

const toBytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

describe('networks', () => {
  it('of 1.x', () => {
    const configuration = { name: 'inside', mode: 'hostOnly', labels: { a: 'b' } }
    const printed = {
      id: 'inside',
      configuration,
      status: { ipv4Subnet: '192.168.65.0/24', ipv4Gateway: '192.168.65.1' },
    }
    expect(parseNetworks('list', toBytes([printed]))).toEqual([
      { id: 'inside', name: 'inside', internal: true, labels: { a: 'b' }, gateway: '192.168.65.1' },
    ])
  })

  it('of 0.3 to 0.12', () => {
    const printed = {
      id: 'default',
      state: 'running',
      config: { id: 'default', mode: 'nat' },
      status: { gateway: '192.168.64.1/24' },
    }
    expect(parseNetworks('list', toBytes([printed]))).toEqual([
      { id: 'default', name: 'default', internal: false, labels: {}, gateway: '192.168.64.1' },
    ])
  })
})

it('volumes of either nesting', () => {
  const flat = { name: 'data', labels: {}, createdAt: '2026-08-01T00:00:00Z' }
  const nested = { id: 'data', configuration: { name: 'data', labels: {}, creationDate: '2026-08-01T00:00:00Z' } }
  const [one, other] = parseVolumes('list', toBytes([flat, nested]))
  expect(one).toEqual(other)
})

it('the status of a service that does not run', () => {
  const printed = { status: 'unregistered', apiServerVersion: '', appRoot: '' }
  expect(parseSystemStatus(toBytes(printed))).toMatchObject({ isRunning: false, version: undefined })
})

it("the service's version is taken from its sentence", () => {
  const printed = {
    status: 'running',
    apiServerVersion: 'container-apiserver version 1.2.2 (build: release, commit: 1)',
  }
  expect(parseSystemStatus(toBytes(printed))).toMatchObject({ isRunning: true, version: '1.2.2' })
})

it('the status as 1.4.1 prints it: the version in server, the folder in paths', () => {
  const printed = {
    status: 'running',
    client: { version: '1.4.1' },
    server: { appName: 'container-apiserver', version: '1.2.0' },
    paths: { appRoot: '/app', installRoot: '/usr/local/' },
  }
  expect(parseSystemStatus(toBytes(printed))).toEqual({ isRunning: true, version: '1.2.0', appRoot: '/app' })
})

it('the status of 1.4.1 where the service does not run', () => {
  const stopped = { isRunning: false, version: undefined, appRoot: undefined }
  for (const more of [{}, { server: null, paths: null }, { server: {}, paths: {} }]) {
    expect(parseSystemStatus(toBytes({ status: 'unregistered', ...more }))).toEqual(stopped)
  }
})

describe('readJson', () => {
  it('passes over warnings, also such as begin with a bracket', () => {
    expect(readJson('list', toBytes('[warning] old server\n[1,2]\n'))).toEqual([1, 2])
  })

  it('reads escaped slashes', () => {
    expect(readJson('list', toBytes('["docker.io\\/library"]'))).toEqual(['docker.io/library'])
  })

  it.each(['', 'no JSON', '[1,'])('refuses %j', (text) => {
    expect(() => readJson('list', toBytes(text))).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }))
  })
})

describe('the tree of commands', () => {
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

  it('tells commands and options', () => {
    const commands = parseCommandTree(toBytes(tree))
    expect(commands?.hasCommand('image', 'pull')).toBe(true)
    expect(commands?.hasCommand('network')).toBe(false)
    expect(commands?.hasOption(['create'], 'cap-add')).toBe(true)
    expect(commands?.hasOption(['create'], 'ulimit')).toBe(false)
    expect(commands?.hasOption(['network'], 'any')).toBe(false)
  })

  it.each(['no tree', '{"command":{}}', '[]'])('is none for %j', (text) => {
    expect(parseCommandTree(toBytes(text))).toBeUndefined()
  })
})
