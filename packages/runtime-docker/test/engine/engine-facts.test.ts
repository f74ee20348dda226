import { buildServiceCapability, firewallManagerCapability, swarmManagerCapability } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import { findNoCluster } from '../../src/endpoint/find-no-cluster.js'
import { toAbsentCapabilities, toUnsupportedOptions } from '../../src/endpoint/unsupported-options.js'
import { findUnknownHostReason, type InfoAnswer, toEngineFacts } from '../../src/engine/engine-facts.js'
import { dockerProduct, podmanProduct } from '../../src/supported-products.js'
import { linux } from '../endpoint/systems.js'

/** The recorded answer of Docker Engine 20.10 on Debian, shortened. */
const debian: InfoAnswer = {
  Name: 'host',
  ServerVersion: '20.10.24+dfsg1',
  OperatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  OSType: 'linux',
  Architecture: 'x86_64',
  KernelVersion: '6.1.0',
  NCPU: 2,
  SecurityOptions: ['name=seccomp,profile=default'],
  IndexServerAddress: 'https://index.docker.io/v1/',
  MemoryLimit: true,
  CpuCfsQuota: true,
  PidsLimit: true,
  CgroupDriver: 'cgroupfs',
}
function factsOf(info: Partial<InfoAnswer>, url = 'unix:///var/run/docker.sock') {
  return toEngineFacts({ ...answers(info, url), product: dockerProduct })
}

function answers(info: Partial<InfoAnswer>, url = 'unix:///var/run/docker.sock') {
  const address = { type: 'socket', path: url.slice('unix://'.length) } as const
  return { info: { ...debian, ...info }, endpoint: { url, address }, system: linux }
}

/** The options that the engine lacks, without those that depend on a cluster. */
function refusedOf(info: Partial<InfoAnswer>) {
  const refused = toUnsupportedOptions(factsOf(info), { info: { ...debian, ...info }, product: dockerProduct })
  return refused.map(({ field }) => field).filter((field) => !/^(networks\.cluster|job-manager\..*)$/.test(field))
}

function absentOf(newest: string, info: Partial<InfoAnswer> = {}, product = dockerProduct, version = newest) {
  const { info: answered, ...rest } = answers(info)
  const api = { version, newest, oldest: undefined, pinned: version !== newest }
  const compose = { program: { path: '/usr/bin/docker-compose', version: '2.40.3' } }
  const facts = toEngineFacts({ ...rest, info: answered, product })
  return toAbsentCapabilities(facts, { product, api, info: answered, compose })
}

/** The absent capabilities other than those that depend on a cluster. */
function absentHere(...args: Parameters<typeof absentOf>) {
  return absentOf(...args).filter(({ id }) => id !== swarmManagerCapability.id)
}

describe('toEngineFacts', () => {
  test('reads rootless and user namespaces from the security options', () => {
    expect(factsOf({ SecurityOptions: ['name=rootless'] })).toMatchObject({ rootless: true, userNamespaces: false })
    expect(factsOf({ SecurityOptions: ['name=userns'] })).toMatchObject({ rootless: false, userNamespaces: true })
    expect(factsOf({ SecurityOptions: null })).toMatchObject({ rootless: false, userNamespaces: false })
  })

  test.each([
    ['one kernel and one host name', {}, undefined, 'this-machine'],
    ['another kernel, whatever the socket', { KernelVersion: '5.15' }, undefined, 'elsewhere'],
    ['a socket mounted into the container of this process', { Name: 'machine' }, undefined, 'elsewhere'],
    ['Docker Desktop', { OperatingSystem: 'Docker Desktop' }, undefined, 'virtual-machine'],
    ['OrbStack', { OperatingSystem: 'OrbStack' }, undefined, 'virtual-machine'],
    ['Colima', { Name: 'colima' }, undefined, 'virtual-machine'],
    ['a socket of Lima', { KernelVersion: '6.5' }, 'unix:///home/ann/.lima/docker/sock/docker.sock', 'virtual-machine'],
  ])('derives the location of containers: %s', (_, info, url, location) => {
    expect(factsOf(info, url).location).toBe(location)
  })

  test('derives that an engine at another host is elsewhere, whatever names it reports', () => {
    const remote = { remoteHost: 'build.example', product: dockerProduct }
    expect(toEngineFacts({ ...answers({}), ...remote })).toMatchObject({ location: 'elsewhere' })
    expect(toEngineFacts({ ...answers({ Name: 'docker-desktop' }), ...remote })).toMatchObject({
      location: 'elsewhere',
    })
  })
})

describe('the lists of the engine', () => {
  test('are the programs of its OCI runtimes, or the types of their shims, and its log drivers', () => {
    const { ociRuntimes, defaultOciRuntime, logDrivers } = factsOf({
      Runtimes: { runc: { path: 'runc' }, kata: { runtimeType: 'io.containerd.kata.v2' }, bare: {} },
      DefaultRuntime: 'runc',
      Plugins: { Log: ['json-file', 'local'] },
    })
    expect(ociRuntimes).toEqual({ runc: 'runc', kata: 'io.containerd.kata.v2', bare: 'bare' })
    expect({ defaultOciRuntime, logDrivers }).toEqual({ defaultOciRuntime: 'runc', logDrivers: ['json-file', 'local'] })
  })
})

describe('toUnsupportedOptions', () => {
  test('lists only files.tmpfs and build.dns for an engine that supports everything else', () => {
    expect(refusedOf({})).toEqual(['files.tmpfs', 'build.dns'])
  })

  test('lists binary logs where the log driver stores text', () => {
    expect(refusedOf({ LoggingDriver: 'json-file' })).toEqual(['logs.binary', 'files.tmpfs', 'build.dns'])
    expect(refusedOf({ LoggingDriver: 'local' })).toEqual(['files.tmpfs', 'build.dns'])
  })

  test('lists limits that the engine reports as unsupported', () => {
    expect(refusedOf({ MemoryLimit: false, PidsLimit: false })).toEqual([
      'memoryBytes',
      'pidsLimit',
      'files.tmpfs',
      'build.dns',
    ])
    expect(refusedOf({ CgroupDriver: 'none' })).toEqual([
      'memoryBytes',
      'cpus',
      'pidsLimit',
      'files.tmpfs',
      'build.dns',
    ])
  })

  test('lists privileged and host networking under user namespaces', () => {
    expect(refusedOf({ SecurityOptions: ['name=userns'] })).toEqual([
      'privileged',
      'network.host',
      'files.tmpfs',
      'build.dns',
    ])
  })

  test('lists host networking where containers run in a virtual machine', () => {
    expect(refusedOf({ OperatingSystem: 'Docker Desktop' })).toEqual(['network.host', 'files.tmpfs', 'build.dns'])
  })

  test('lists relabelling where the engine may run on another machine', () => {
    expect(refusedOf({ Name: 'another-machine' })).toEqual(['files.tmpfs', 'mounts.bind.relabel', 'build.dns'])
  })

  test('lists host networking on a rootless engine', () => {
    expect(refusedOf({ SecurityOptions: ['name=rootless'] })).toEqual(['network.host', 'files.tmpfs', 'build.dns'])
  })

  test('lists options that Windows containers do not have (not verified on Windows)', () => {
    expect(refusedOf({ OSType: 'windows' })).toContain('privileged')
  })
})

describe('toAbsentCapabilities', () => {
  test('lists egress firewalls, with reason and remedy, only for Windows containers', () => {
    expect(absentHere('1.42')).toEqual([])
    expect(absentOf('1.42', { OSType: 'windows' })).toContainEqual({
      id: firewallManagerCapability.id,
      title: firewallManagerCapability.title,
      reason: 'Windows containers do not support it',
      remedy: 'use an engine with Linux containers',
    })
  })

  test.each([
    ['1.41', dockerProduct, 'Docker 20.10.24+dfsg1 is older than 23, which introduced it'],
    ['1.41', podmanProduct, 'Podman has no BuildKit'],
    ['1.99', podmanProduct, 'Podman has no BuildKit'],
  ])('lists BuildKit builds, with reason and remedy, for API %s of $title', (newest, product, reason) => {
    const { id, title } = buildServiceCapability
    const remedy = 'use Docker 23 or later, or start BuildKit in a sidecar'
    expect(absentHere(newest, {}, product)).toEqual([{ id, title, reason, remedy }])
  })

  test('lists no BuildKit builds for Windows containers', () => {
    const absent = absentOf('1.42', { OSType: 'windows' }).find(({ id }) => id === buildServiceCapability.id)
    expect(absent?.reason).toBe('Windows containers do not support it')
  })

  test('takes the newest version of the engine, not a pinned one', () => {
    expect(absentHere('1.45', {}, dockerProduct, '1.41')).toEqual([])
  })
})

describe('findNoCluster', () => {
  test.each([
    ['inactive', undefined, 'the engine is in no swarm', 'docker swarm init'],
    ['active', false, 'the engine is a worker of a swarm', 'connect to a manager of the swarm'],
    ['locked', false, 'the swarm is locked', 'docker swarm unlock'],
    ['pending', false, 'the engine is joining a swarm', 'wait and try again'],
    ['error', false, 'the swarm of the engine has an error: certificate expired', 'docker swarm leave'],
  ])('returns reason and remedy for the state %s', (LocalNodeState, ControlAvailable, reason, remedy) => {
    const Swarm = {
      LocalNodeState,
      ...(ControlAvailable !== undefined && { ControlAvailable }),
      Error: 'certificate expired',
    }
    expect(findNoCluster({ Swarm }, dockerProduct)).toEqual({ reason, remedy })
  })

  test('returns nothing for a manager, and a reason for an engine that reports no swarm', () => {
    expect(
      findNoCluster({ Swarm: { LocalNodeState: 'active', ControlAvailable: true } }, dockerProduct),
    ).toBeUndefined()
    expect(findNoCluster({}, dockerProduct)?.reason).toBe('the engine is in no swarm')
    expect(findNoCluster({ Swarm: null }, podmanProduct)?.reason).toBe('Podman has no swarm')
  })
})

describe('findUnknownHostReason', () => {
  test.each([
    ['this machine', {}, undefined],
    ['another machine', { KernelVersion: 'x' }, 'whether the engine runs on this machine is unknown'],
    ['a virtual machine', { OperatingSystem: 'Docker Desktop' }, undefined],
    ['a rootless engine', { SecurityOptions: ['name=rootless'] }, expect.stringContaining('rootless')],
  ])('returns the reason for %s', (_, info, reason) => {
    expect(findUnknownHostReason(factsOf(info))).toEqual(reason)
  })

  test('names the other machine of an endpoint by tcp or ssh', () => {
    const facts = toEngineFacts({ ...answers({}), remoteHost: 'build.example', product: dockerProduct })
    expect(findUnknownHostReason(facts)).toBe('the engine runs on another machine')
  })
})
