import type { ComposeProject } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { type ExitOptions, ServiceExits } from '../../src/compose/service-exits.js'

const at = (ms: number) => new Date(ms)

function createExits(options: ExitOptions) {
  const names = ['a', 'b', 'setup'] as const
  const services = names.map((name): ComposeProject['services'][number] => ({
    ...{ name, image: 'x', builds: false, replicas: 1, profiles: [] },
    dependsOn: name === 'a' ? [{ service: 'setup', condition: 'completed' }] : [],
  }))
  return new ServiceExits(options, { name: 'shop', services, networks: [], volumes: [] })
}

describe('ServiceExits', () => {
  it('has the code of the container that exited first, also when its exit is added later', () => {
    const exits = createExits({ abortOnContainerExit: true })
    expect(exits.add({ service: 'setup', exitCode: 0, finishedAt: at(1) })).toBe(false)
    expect(exits.add({ service: 'a', exitCode: 5, finishedAt: at(3) })).toBe(true)
    expect(exits.add({ service: 'b', exitCode: 4, finishedAt: at(2) })).toBe(false)
    expect(exits.add({ service: 'b', exitCode: 9, finishedAt: at(4) })).toBe(false)
    expect(exits.exitCode).toBe(4)
  })

  it('keeps the exit that was added first where a time is not known', () => {
    const exits = createExits({ abortOnContainerFailure: true })
    expect(exits.add({ service: 'a', exitCode: 0, finishedAt: at(1) })).toBe(false)
    expect(exits.add({ service: 'a', exitCode: 5, finishedAt: undefined })).toBe(true)
    expect(exits.add({ service: 'b', exitCode: 4, finishedAt: at(2) })).toBe(false)
    expect(exits.exitCode).toBe(5)
  })

  it('has the code of the given service, of several containers that of one that has failed', () => {
    const exits = createExits({ exitCodeFrom: 'b' })
    expect(exits.add({ service: 'a', exitCode: 5, finishedAt: at(1) })).toBe(true)
    for (const exitCode of [0, 3, 0]) exits.add({ service: 'b', exitCode, finishedAt: at(2) })
    expect(exits.exitCode).toBe(3)
  })

  it('ends with the given service also when it is a job for which another one waits', () => {
    const exits = createExits({ exitCodeFrom: 'setup' })
    expect(exits.add({ service: 'setup', exitCode: 0, finishedAt: at(1) })).toBe(true)
    expect(exits.exitCode).toBe(0)
  })

  it('throws where the exit code is not known, and for an unknown service', () => {
    const exits = createExits({ abortOnContainerExit: true })
    exits.add({ service: 'a', exitCode: undefined, finishedAt: undefined })
    expect(() => exits.exitCode).toThrow('the exit code of service "a" is not known')
    expect(() => createExits({ exitCodeFrom: 'none' })).toThrow('project "shop" has no service "none"')
  })
})
