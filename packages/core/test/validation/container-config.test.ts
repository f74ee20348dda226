import { describe, expect, it } from 'vitest'
import type { ContainerConfig } from '../../src/index.js'
import { validateContainerConfig } from '../../src/plugin.js'

/** As plain JavaScript may pass it. */
function validate(fields: object): void {
  validateContainerConfig({ image: 'busybox', ...fields } as ContainerConfig)
}

/** A list whose second place was never filled: `map` and `every` pass over it. */
function hole(first: unknown): readonly unknown[] {
  const list = [first]
  list.length = 2
  return list
}

describe('an invalid container config causes INVALID_ARGUMENT with the path of the field', () => {
  const bad: readonly (readonly [string, object])[] = [
    ['image', { image: '' }],
    ['image', { image: '-v' }],
    ['image', { image: 'a\nb' }],
    ['image', { image: undefined }],
    ['name', { name: 'a\nb' }],
    ['name', { name: 'a\0b' }],
    ['name', { name: '-a' }],
    ['name', { name: '' }],
    ['nmae', { nmae: 'typo' }],
    ['constructor', { constructor: 'x' }],
    ['platform', { platform: 'linux arm' }],
    ['pull', { pull: 'always' }],
    ['command', { command: 'ls -l' }],
    ['command[1]', { command: ['ls', 'a\0b'] }],
    ['entrypoint[0]', { entrypoint: [1] }],
    ['workingDirectory', { workingDirectory: 'relative' }],
    ['env["A=B"]', { env: { 'A=B': 'x' } }],
    ['env["-A"]', { env: { '-A': 'x' } }],
    ['env["A"]', { env: { A: 'x\0y' } }],
    ['env["A"]', { env: { A: 1 } }],
    ['env["A"]', { env: { A: undefined } }],
    ['env["A=B"]', { env: { 'A=B': null } }],
    ['env["-A"]', { env: { '-A': null } }],
    ['user', { user: '-root' }],
    ['groupAdd[0]', { groupAdd: ['a b'] }],
    ['hostname', { hostname: 'a b' }],
    ['mounts[0].type', { mounts: [{ type: 'nfs', target: '/a' }] }],
    ['mounts[0].source', { mounts: [{ type: 'bind', source: 'a', target: '/a' }] }],
    ['mounts[0].source', { mounts: [{ type: 'bind', source: 'C:a', target: '/a' }] }],
    ['mounts[0].source', { mounts: [{ type: 'volume', source: '/a', target: '/a' }] }],
    ['mounts[0].labels', { mounts: [{ type: 'volume', source: 'a', target: '/a', labels: ['a=b'] }] }],
    [
      'mounts[0].labels["capstan.app"]',
      { mounts: [{ type: 'volume', source: 'a', target: '/a', labels: { 'capstan.app': 'b' } }] },
    ],
    ['mounts[0].target', { mounts: [{ type: 'bind', source: '/a', target: 'C:\\a' }] }],
    ['mounts[0].target', { mounts: [{ type: 'tmpfs', target: 'a' }] }],
    ['mounts[0].mode', { mounts: [{ type: 'tmpfs', target: '/a', mode: 0o10000 }] }],
    ['mounts[0].sizeBytes', { mounts: [{ type: 'tmpfs', target: '/a', sizeBytes: -1 }] }],
    [
      'mounts[1]',
      {
        mounts: [
          { type: 'tmpfs', target: '/a' },
          { type: 'tmpfs', target: '/a' },
        ],
      },
    ],
    ['network.mode', { network: { mode: 'bridge' } }],
    ['network.networks', { network: { mode: 'networks', networks: [] } }],
    ['network.networks[0].networkId', { network: { mode: 'networks', networks: [{ networkId: '' }] } }],
    [
      'network.networks[0].aliases[1]',
      { network: { mode: 'networks', networks: [{ networkId: 'n', aliases: ['db', 'db'] }] } },
    ],
    ['ports', { network: { mode: 'host' }, ports: [{ containerPort: 80 }] }],
    ['ports', { network: { mode: 'none' }, ports: [{ containerPort: 80 }] }],
    ['ports', { network: { mode: 'container', id: 'a' }, ports: [{ containerPort: 80 }] }],
    ['hostname', { network: { mode: 'container', id: 'a' }, hostname: 'b' }],
    ['dns', { network: { mode: 'container', id: 'a' }, dns: ['192.0.2.1'] }],
    ['extraHosts', { network: { mode: 'container', id: 'a' }, extraHosts: { b: '192.0.2.1' } }],
    ['exposedPorts', { network: { mode: 'container', id: 'a' }, exposedPorts: [{ containerPort: 80 }] }],
    ['network.id', { network: { mode: 'container' } }],
    ['exposedPorts[0].containerPort', { exposedPorts: [{ containerPort: 0 }] }],
    ['exposedPorts[0].protocol', { exposedPorts: [{ containerPort: 1, protocol: 'sctp' }] }],
    ['exposedPorts[1]', { exposedPorts: [{ containerPort: 1 }, { containerPort: 1, protocol: 'tcp' }] }],
    ['mounts[0].relabel', { mounts: [{ type: 'bind', source: '/a', target: '/a', relabel: 'z' }] }],
    ['devices[0].source', { devices: [{ source: 'dev/null' }] }],
    ['devices[0].target', { devices: [{ source: '/dev/null', target: 'null' }] }],
    ['devices[0].permissions', { devices: [{ source: '/dev/null', permissions: 'rr' }] }],
    ['devices[1]', { devices: [{ source: '/dev/null' }, { source: '/dev/zero', target: '/dev/null' }] }],
    ['gpus', { gpus: 'some' }],
    ['gpus', { gpus: { count: 1, ids: ['0'] } }],
    ['gpus.count', { gpus: { count: 0 } }],
    ['gpus.ids', { gpus: { ids: [] } }],
    ['gpus.ids[0]', { gpus: { ids: ['a b'] } }],
    ['ociRuntime', { ociRuntime: '' }],
    ['ipcMode', { ipcMode: 'shared' }],
    ['ipcMode.container', { ipcMode: {} }],
    ['pidMode', { pidMode: 'private' }],
    ['pidMode', { pidMode: null }],
    ['shmSizeBytes', { shmSizeBytes: 0 }],
    ['shmSizeBytes', { shmSizeBytes: 1, ipcMode: 'host' }],
    ['shmSizeBytes', { shmSizeBytes: 1, ipcMode: { container: 'a' } }],
    ['restartPolicy', { restartPolicy: 'always' }],
    ['restartPolicy', { restartPolicy: { name: 'always' }, autoRemove: true }],
    ['restartPolicy.name', { restartPolicy: { name: 'sometimes' } }],
    ['restartPolicy.maxRetries', { restartPolicy: { name: 'always', maxRetries: 1 } }],
    ['restartPolicy.maxRetries', { restartPolicy: { name: 'on-failure', maxRetries: 0 } }],
    ['healthcheck', { healthcheck: 'off' }],
    ['healthcheck.command', { healthcheck: { command: [] } }],
    ['healthcheck.command', { healthcheck: { command: ' ' } }],
    ['healthcheck.command', { healthcheck: {} }],
    ['healthcheck.command[0]', { healthcheck: { command: ['a\0'] } }],
    ['healthcheck.intervalMs', { healthcheck: { command: 'true', intervalMs: 0 } }],
    ['healthcheck.timeoutMs', { healthcheck: { command: 'true', timeoutMs: 0.5 } }],
    ['healthcheck.startPeriodMs', { healthcheck: { command: 'true', startPeriodMs: -1 } }],
    ['healthcheck.retries', { healthcheck: { command: 'true', retries: 0 } }],
    ['logDriver', { logDriver: 'none' }],
    ['logDriver.name', { logDriver: { name: '-x' } }],
    ['logDriver.options["a b"]', { logDriver: { name: 'local', options: { 'a b': '1' } } }],
    ['logDriver.options["a"]', { logDriver: { name: 'local', options: { a: 1 } } }],
    ['ports[0].containerPort', { ports: [{ containerPort: 0 }] }],
    ['ports[0].containerPort', { ports: [{ containerPort: 65_536 }] }],
    ['ports[0].containerPort', { ports: [{ containerPort: 80.5 }] }],
    ['ports[0].hostPort', { ports: [{ containerPort: 80, hostPort: Number.NaN }] }],
    ['ports[0].hostAddress', { ports: [{ containerPort: 80, hostAddress: 'localhost' }] }],
    ['ports[0].protocol', { ports: [{ containerPort: 80, protocol: 'sctp' }] }],
    ['ports[1]', { ports: [{ containerPort: 80 }, { containerPort: 80 }] }],
    ['dns[0]', { dns: ['example.com'] }],
    ['extraHosts["db"]', { extraHosts: { db: 'not an address' } }],
    ['privileged', { privileged: 'yes' }],
    ['capAdd[0]', { capAdd: ['--privileged'] }],
    ['securityOptions[0]', { securityOptions: ['-x'] }],
    ['tty', { tty: 1 }],
    ['labels["capstan.owner.pid"]', { labels: { 'capstan.owner.pid': '1' } }],
    ['labels["capstan.lifetime"]', { labels: { 'capstan.lifetime': 'for ever' } }],
    ['labels["a"]', { labels: { a: 'x\ny' } }],
    ['memoryBytes', { memoryBytes: -1 }],
    ['memoryBytes', { memoryBytes: '1g' }],
    ['cpus', { cpus: 0 }],
    ['cpus', { cpus: Number.POSITIVE_INFINITY }],
    ['pidsLimit', { pidsLimit: 0 }],
    ['ulimits[0].soft', { ulimits: [{ name: 'nofile', soft: 10, hard: 5 }] }],
    ['ulimits[0].soft', { ulimits: [{ name: 'nofile', soft: -1, hard: 5 }] }],
    ['ulimits[0]', { ulimits: [null] }],
    [
      'ulimits[1]',
      {
        ulimits: [
          { name: 'core', soft: 1, hard: 1 },
          { name: 'core', soft: 2, hard: 2 },
        ],
      },
    ],
    ['stopSignal', { stopSignal: 'kill it' }],
    ['stopSignal', { stopSignal: 9 }],
    ['image', { image: 'a/../../containers' }],
    ['image', { image: 'a//b' }],
    ['__proto__', JSON.parse('{ "__proto__": { "privileged": true } }')],
    ['env', { env: ['A=b'] }],
    ['command[1]', { command: hole('ls') }],
    ['dns[1]', { dns: hole('1.1.1.1') }],
    ['capAdd[1]', { capAdd: hole('NET_ADMIN') }],
    ['mounts[1]', { mounts: hole({ type: 'tmpfs', target: '/a' }) }],
    ['mounts[0].target', { mounts: [{ type: 'tmpfs', target: '/a/..' }] }],
    [
      'mounts[1]',
      {
        mounts: [
          { type: 'tmpfs', target: '/a' },
          { type: 'tmpfs', target: '/b/../a/' },
        ],
      },
    ],
    ['network', { network: null }],
    ['network.networks[1]', { network: { mode: 'networks', networks: hole({ networkId: 'n' }) } }],
    ['network.networks[0].networkId', { network: { mode: 'networks', networks: [{ networkId: 'n/../m' }] } }],
    ['ports', { network: { mode: 'host' }, ports: null }],
    ['ports[1]', { ports: hole({ containerPort: 80 }) }],
    ['ports[1]', { ports: [{ containerPort: 80 }, { containerPort: 80, hostAddress: '127.0.0.1' }] }],
    [
      'ports[1]',
      {
        ports: [
          { containerPort: 80, hostPort: 8080 },
          { containerPort: 81, hostPort: 8080 },
        ],
      },
    ],
    ['hostname', { hostname: Array(64).fill('abcd').join('.') }],
    ['cpus', { cpus: 1n }],
  ]

  it.each(bad)('%s: %o', (field, fields) => {
    expect(() => validate(fields)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }),
    )
  })

  it('validates an inherited field, which a runtime would read', () => {
    expect(() => validate(Object.create({ privileged: 'yes' }))).not.toThrow() // spread: inherits nothing
    const inheriting = Object.assign(Object.create({ privileged: 'yes' }), { image: 'busybox' })
    expect(() => validateContainerConfig(inheriting)).toThrow(
      expect.objectContaining({ facts: expect.objectContaining({ field: 'privileged' }) }),
    )
  })

  it.each([
    { env: { PASSWORD: 'hush\0' } },
    { env: { PASSWORD: ['hush'] } },
    { env: ['PASSWORD=hush'] },
    { environment: { PASSWORD: 'hush' } },
  ])('does not show a value that may be a secret: %j', (fields) => {
    expect(() => validate(fields)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => validate(fields)).not.toThrow(/hush/)
  })

  it('tells that a field is unknown', () => {
    expect(() => validate({ memory: 1 })).toThrow(
      'memory must be absent, since it is not a field of ContainerConfig, not number',
    )
  })

  it('has the expected and the given value', () => {
    expect(() => validate({ ports: [{ containerPort: 70_000 }] })).toThrow(
      'ports[0].containerPort must be an integer from 1 to 65535, not 70000',
    )
  })
})

describe('a valid container config', () => {
  const sound: readonly object[] = [
    { image: 'host.example:5000/team/app@sha256:0123456789abcdef' },
    { image: 'sha256:0123456789abcdef' },
    { name: 'a', command: ['sh', '-c', 'echo "a\nb"'], entrypoint: [] },
    { env: { A: 'line\nline', EMPTY: '', REMOVED: null }, user: '1000:1000', groupAdd: ['docker'] },
    { network: { mode: 'networks', networks: [{ networkId: 'n', aliases: ['db', 'db.local'] }, { networkId: 'm' }] } },
    {
      ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'udp' }, { containerPort: 81, hostAddress: '::1' }],
    },
    { ports: [{ containerPort: 80, hostAddress: 'any' }] },
    {
      mounts: [
        { type: 'bind', source: 'C:\\Users\\me', target: '/a' },
        { type: 'bind', source: 'c:/Users/me', target: '/b' },
        { type: 'bind', source: '\\\\server\\share', target: '/c' },
        { type: 'volume', source: 'data', target: '/d', labels: { 'capstan.lifetime': 'persistent' } },
      ],
    },
    { extraHosts: { gateway: 'host-gateway', six: '::1' }, dns: ['1.1.1.1'] },
    { labels: { 'capstan.lifetime': 'lease', 'com.example/x': '' }, ulimits: [{ name: 'nofile', soft: -1, hard: -1 }] },
    Object.assign(Object.create(null), { env: Object.assign(Object.create(null), { A: 'b' }) }),
    {
      ports: [
        { containerPort: 80, hostPort: 8080 },
        { containerPort: 80, hostPort: 8081 },
        { containerPort: 53, hostPort: 8080, protocol: 'udp' },
      ],
    },
    { privileged: false, cpus: 0.5, memoryBytes: 6 * 1024 * 1024, stopSignal: 'SIGINT', name: undefined },
  ]

  it.each(sound)('%j is accepted', (fields) => {
    expect(() => validate(fields)).not.toThrow()
  })
})
