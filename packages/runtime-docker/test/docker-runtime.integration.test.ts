import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { describeWithEngine, isPodman, isPodman4, skipOnPodman } from '../../../test/support/test-engine.js'
import { collectOutput } from './collect-output.js'
import { connectRuntime } from './connect-runtime.js'

describeWithEngine('containers of a real engine', (testEngine) => {
  const { image } = testEngine
  const connect = () => connectRuntime(testEngine)
  const toName = () => `capstan-test-${randomUUID()}`

  async function runToEnd(config: object) {
    const { runtime } = connect()
    const [stdout, stderr] = [collectOutput(), collectOutput()]
    const id = await runtime.createContainer({ image, ...config })
    const code = await runtime.startAttached(id, { stdout: stdout.stream, stderr: stderr.stream })
    return { id, code, runtime, stdout: stdout.text(), stderr: stderr.text() }
  }

  test('creates, starts twice, stops twice and removes a container twice', async () => {
    const { runtime, listLeftovers } = connect()
    const name = toName()
    const id = await runtime.createContainer({ image, name, command: ['sleep', '60'], init: true })
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect(await runtime.containerState(id)).toBe('created')
    await runtime.startContainer(id)
    await runtime.startContainer(name)
    expect(await runtime.containerState(name)).toBe('running')
    await runtime.stopContainer(id, { graceMs: 5_000 })
    await runtime.stopContainer(id)
    expect(await runtime.containerState(id)).toBe('exited')
    await runtime.removeContainer(id)
    await runtime.removeContainer(id)
    await expect(runtime.containerState(id)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
    await runtime.stopContainer(id)
    expect(await listLeftovers()).toEqual([])
  })

  test('applies the config to the process', async () => {
    const { code, stdout } = await runToEnd({
      command: [
        'pwd; id -u; id -g; hostname; echo "$A"; cat /proc/1/limits | grep -c "Max open files *64 *128"; ulimit -n',
      ],
      entrypoint: ['/bin/sh', '-c'],
      workingDirectory: '/tmp',
      user: '1000:1000',
      hostname: 'inner',
      env: { A: 'a "b" $c\nd' },
      ulimits: [{ name: 'nofile', soft: 64, hard: 128 }],
    })
    expect(stdout).toBe('/tmp\n1000\n1000\ninner\na "b" $c\nd\n1\n64\n')
    expect(code).toBe(0)
  })

  test.for<[field: string, config: object, given: unknown, onDocker?: string | undefined]>([
    ['mounts[0].source', { mounts: [{ type: 'bind', source: '/no/such source', target: '/to' }] }, '/no/such source'],
    ['user', { user: 'nosuch' }, 'nosuch'],
    ['user', { user: 'root:nosuch' }, 'nosuch'],
    ['groupAdd', { groupAdd: ['nosuch'] }, 'nosuch'],
    ['workingDirectory', { workingDirectory: '/etc/passwd' }, '/etc/passwd'],
    ['ports', { ports: [{ containerPort: 80, hostPort: 45998, hostAddress: '192.0.2.7' }] }, '192.0.2.7:45998'],
    [
      'mounts[0].source',
      { mounts: [{ type: 'volume', source: 'a', target: '/to' }] },
      'a',
      'Podman allows volume names of one character',
    ],
    ['mounts', { mounts: [{ type: 'bind', source: '/etc/hostname', target: '/etc' }] }, '/etc/hostname'],
    ['capAdd', { capAdd: ['NOSUCH'] }, 'CAP_NOSUCH'],
    ['capDrop', { capDrop: ['NOSUCH'] }, 'CAP_NOSUCH'],
    ['securityOptions', { securityOptions: ['nosuch=1'] }, 'nosuch=1'],
    ['stopSignal', { stopSignal: 'SIGFOO' }, 'SIGFOO'],
    ['platform', { platform: 'nosuch' }, 'nosuch', isPodman4 ? 'Podman 4 ignores the platform' : undefined],
    ['ulimits', { ulimits: [{ name: 'nosuch', soft: 1, hard: 1 }] }, isPodman ? 'nosuch' : 'NOSUCH'],
    ['image', { image: 'UPPER', pull: 'never' }, 'UPPER'],
    [
      'network.networks[0].networkId',
      { network: { mode: 'networks', networks: [{ networkId: 'host' }] } },
      'host',
      'Podman has no network "host", and the call rejects with NETWORK_NOT_FOUND',
    ],
  ])(
    'rejects with INVALID_ARGUMENT and the field for an invalid %s',
    async ([field, config, given, onDocker], context) => {
      if (onDocker !== undefined) skipOnPodman(context, onDocker)
      await expect(runToEnd({ command: ['true'], ...config })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        facts: { field, given: JSON.stringify(given) },
      })
    },
  )

  test('mounts nothing over paths of /proc with systempaths=unconfined', async () => {
    const command = ['sh', '-c', 'grep -c " /proc/" /proc/mounts']
    const { stdout } = await runToEnd({ command })
    expect(Number(stdout)).toBeGreaterThan(3)
    expect((await runToEnd({ command, securityOptions: ['systempaths=unconfined'] })).stdout).toBe('0\n')
  })

  test('passes arguments like options or shell code on literally', async () => {
    const { stdout } = await runToEnd({ command: ['printf', '%s|', '--rm', '$(id)', "'; rm -rf /", '-'] })
    expect(stdout).toBe("--rm|$(id)|'; rm -rf /|-|")
  })

  test('mounts binds, also read-only, and a tmpfs with its mode and with exec', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'capstan-mount-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    await writeFile(join(directory, 'file'), 'of the host')
    const { stdout, code } = await runToEnd({
      command: [
        'sh',
        '-c',
        'cat /bind/file; touch /bind/x 2>&1 | grep -c Read-only; stat -c %a /t; cp /bin/true /t/ && /t/true && echo ran',
      ],
      mounts: [
        { type: 'bind', source: directory, target: '/bind', readOnly: true },
        { type: 'tmpfs', target: '/t', mode: 0o1770, sizeBytes: 4_000_000, executable: true },
      ],
    })
    expect(stdout).toBe('of the host1\n1770\nran\n')
    expect(code).toBe(0)
  })

  test('rejects a bind with a missing source, and creates no directory', async () => {
    const { runtime, listLeftovers } = connect()
    const mounts = [{ type: 'bind', source: '/nowhere/at/all', target: '/x' }] as const
    await expect(runtime.createContainer({ image, mounts })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await listLeftovers()).toEqual([])
  })

  test('sets limits', async () => {
    const { runtime } = connect()
    const id = await runtime.createContainer({
      image,
      memoryBytes: 2 ** 26,
      cpus: 0.5,
      pidsLimit: 20,
      command: ['true'],
    })
    expect(await runtime.startAttached(id, {})).toBe(0)
  })

  test('rejects with NAME_CONFLICT, the holder and its ownership for an existing name', async () => {
    const { runtime } = connect()
    const name = toName()
    const holderId = await runtime.createContainer({ image, name })
    await expect(runtime.createContainer({ image, name })).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { name, holderId, sameOwner: true },
    })
    await expect(connect().runtime.createContainer({ image, name })).rejects.toMatchObject({
      facts: { sameOwner: false },
    })
    expect(await runtime.containerState(holderId)).toBe('created')
  })

  test("rejects with IMAGE_NOT_FOUND when pull is 'never', and with IMAGE_PULL_FAILED without a registry", async () => {
    const { runtime, listLeftovers } = connect()
    const absent = '127.0.0.1:1/capstan-test/absent:1'
    await expect(runtime.createContainer({ image: absent, pull: 'never' })).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      facts: { image: absent },
    })
    await expect(runtime.createContainer({ image: absent })).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED' })
    expect(await listLeftovers()).toEqual([])
  })

  test('rejects with NETWORK_NOT_FOUND for a missing network, and creates no container', async () => {
    const { runtime, listLeftovers } = connect()
    const network = { mode: 'networks', networks: [{ networkId: 'capstan-no-such-network' }] } as const
    await expect(runtime.createContainer({ image, network })).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' })
    expect(await listLeftovers()).toEqual([])
  })

  test.each([
    ['nosuch', 127],
    ['/etc/passwd', 126],
  ])('rejects for the command %s with COMMAND_NOT_STARTED %i', async (command, exitCode) => {
    const { runtime } = connect()
    const id = await runtime.createContainer({ image, command: [command] })
    const expected = { code: 'COMMAND_NOT_STARTED', facts: { id, command: [command], exitCode } }
    await expect(runtime.startContainer(id)).rejects.toMatchObject(expected)
    await expect(runtime.startAttached(id, {})).rejects.toMatchObject({ ...expected, undoFailures: [] })
  })

  test('publishes ports on 127.0.0.1, TCP first, and releases them afterwards', async () => {
    const { runtime } = connect()
    const ports = [{ containerPort: 80, protocol: 'udp' }, { containerPort: 80 }, { containerPort: 81 }] as const
    const command = ['sh', '-c', 'while true; do echo served | nc -l -p 80; done']
    const id = await runtime.createContainer({ image, ports, command, init: true })
    expect((await runtime.getPortBindings(id)).size).toBe(0)
    await runtime.startContainer(id)
    const bindings = await runtime.getPortBindings(id)
    expect([...bindings.keys()].toSorted()).toEqual([80, 81])
    // The engine's proxy accepts connections before the program in the container listens.
    await expect.poll(() => readFrom(bindings.get(80) ?? 0), { timeout: 10_000 }).toBe('served\n')
  })

  test('rejects with IN_USE and the port for a port in use', async () => {
    const { runtime } = connect()
    const first = await runtime.createContainer({ image, command: ['sleep', '60'], ports: [{ containerPort: 80 }] })
    await runtime.startContainer(first)
    const hostPort = (await runtime.getPortBindings(first)).get(80) ?? 0
    const second = await runtime.createContainer({
      image,
      command: ['sleep', '60'],
      ports: [{ containerPort: 80, hostPort }],
    })
    await expect(runtime.startContainer(second)).rejects.toMatchObject({
      code: 'IN_USE',
      facts: { subject: `port ${hostPort}` },
    })
  })

  test('getHostAddress resolves with an address by which containers reach this host, also on a created network', async () => {
    const { runtime, networks } = connect()
    const networkId = await networks.createNetwork(toName())
    const inner = await networks.createNetwork(toName(), { internal: true })
    for (const [options, network] of [
      [{}, { mode: 'default' }],
      [{ networkId }, { mode: 'networks', networks: [{ networkId }] }],
      [{ networkId: inner }, { mode: 'networks', networks: [{ networkId: inner }] }],
    ] as const) {
      const address = await runtime.getHostAddress(options)
      const { stdout } = await runToEnd({
        network,
        capAdd: ['NET_RAW'], // Podman withholds it by default
        command: ['sh', '-c', `ping -c 1 -W 2 ${address} >/dev/null && echo reached`],
      })
      expect([address, stdout]).toEqual([address, 'reached\n'])
    }
  })

  test('connects a container to several networks with aliases', async () => {
    const { runtime, networks, sidecars } = connect()
    const [one, two] = [await networks.createNetwork(toName()), await networks.createNetwork(toName())]
    const id = await sidecars.startSidecar({
      image,
      name: toName(),
      command: ['sleep', '60'],
      init: true,
      networks: [
        { networkId: one, aliases: ['first'] },
        { networkId: two, aliases: ['second'] },
      ],
    })
    const { networks: joined, state } = await sidecars.inspectContainer(id)
    expect(joined.map(({ networkId }) => networkId).toSorted()).toEqual([one, two].toSorted())
    expect(joined.every(({ ipAddress }) => ipAddress !== undefined)).toBe(true)
    expect(state).toMatchObject({ status: 'running', running: true, exitCode: undefined })
    for (const [networkId, alias] of [
      [one, 'first'],
      [two, 'second'],
    ] as const) {
      const network = { mode: 'networks', networks: [{ networkId }] } as const
      const command = ['ping', '-c', '1', '-W', '2', alias]
      const peer = await runtime.createContainer({ image, network, command, capAdd: ['NET_RAW'] })
      expect(await runtime.startAttached(peer, {})).toBe(0)
    }
  })

  test('removes a sidecar that does not start', async () => {
    const { sidecars, listLeftovers } = connect()
    await expect(sidecars.startSidecar({ image, name: toName(), command: ['nosuch'] })).rejects.toMatchObject({
      code: 'COMMAND_NOT_STARTED',
      undoFailures: [],
    })
    expect(await listLeftovers()).toEqual([])
  })

  test('supports the network modes none and host', async () => {
    const command = ['sh', '-c', 'tail -n +2 /proc/net/route | wc -l']
    expect((await runToEnd({ network: { mode: 'none' }, command })).stdout).toBe('0\n')
    expect(Number((await runToEnd({ network: { mode: 'host' }, command })).stdout)).toBeGreaterThan(0)
  })

  test('removes a running container by force, also by two concurrent calls', async () => {
    const { runtime, listLeftovers } = connect()
    const id = await runtime.createContainer({ image, command: ['sleep', '60'] })
    await runtime.startContainer(id)
    await Promise.all([runtime.removeContainer(id), runtime.removeContainer(id), connect().runtime.removeContainer(id)])
    expect(await listLeftovers()).toEqual([])
  })

  test('removes a container during its automatic removal', async () => {
    const { runtime, listLeftovers } = connect()
    for (let count = 0; count < 5; count += 1) {
      const id = await runtime.createContainer({ image, command: ['true'], autoRemove: true })
      await runtime.startContainer(id)
      await runtime.removeContainer(id)
    }
    expect(await listLeftovers()).toEqual([])
  })

  test('stops a paused container', async () => {
    const { runtime, engine } = connect()
    const id = await runtime.createContainer({ image, command: ['sleep', '60'], init: true })
    await runtime.startContainer(id)
    await engine.sendJson({ operation: 'pause', subject: id, method: 'POST', path: `/containers/${id}/pause` })
    expect(await runtime.containerState(id)).toBe('paused')
    await expect(runtime.attach(id, {})).rejects.toMatchObject({ code: 'NOT_RUNNING', facts: { state: 'paused' } })
    await runtime.stopContainer(id, { graceMs: 1_000 })
    expect(await runtime.containerState(id)).toBe('exited')
  })

  test('removes every container whose create is aborted at any time', async () => {
    const { runtime, listLeftovers } = connect()
    await Promise.all(
      [0, 1, 2, 5, 10, 20, 40, 80].map(async (afterMs) => {
        const controller = new AbortController()
        const creating = runtime.createContainer({ image, command: ['true'] }, { signal: controller.signal })
        setTimeout(() => controller.abort('enough'), afterMs)
        await creating.then((id) => runtime.removeContainer(id)).catch((error: unknown) => expect(error).toBe('enough'))
      }),
    )
    expect(await listLeftovers()).toEqual([])
  })

  test('runs and removes many containers concurrently, and none remains', async () => {
    const { runtime, listLeftovers } = connect()
    const codes = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const id = await runtime.createContainer({ image, command: ['sh', '-c', `exit ${index}`] })
        const code = await runtime.startAttached(id, {})
        await runtime.removeContainer(id)
        return code
      }),
    )
    expect(codes).toEqual(Array.from({ length: 20 }, (_, index) => index))
    expect(await listLeftovers()).toEqual([])
  }, 120_000)
})

describeWithEngine('waiting on a real engine', (testEngine) => {
  const { image } = testEngine
  const connect = () => connectRuntime(testEngine)

  test('resolves with the exit code for a wait before, during and after the run', async () => {
    const { runtime } = connect()
    const id = await runtime.createContainer({ image, command: ['sh', '-c', 'sleep 0.2; exit 42'] })
    const before = runtime.waitContainer(id)
    await runtime.startContainer(id)
    expect(await runtime.waitContainer(id)).toBe(42)
    expect(await before).toBe(42)
    expect(await runtime.waitContainer(id)).toBe(42)
  })

  test('waits for a created container, and rejects with EXIT_CODE_UNKNOWN at its removal', async () => {
    const { runtime } = connect()
    const id = await runtime.createContainer({ image, command: ['true'] })
    const waiting = runtime.waitContainer(id)
    const settled = waiting.then(
      () => 'settled',
      () => 'settled',
    )
    // This is longer than an immediate answer takes.
    expect(await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, 500, 'waiting'))])).toBe('waiting')
    await runtime.removeContainer(id)
    await expect(waiting).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN' })
  })

  test('resolves with the code of a container that is removed while it runs, and with 128 + 15 after SIGTERM', async () => {
    const { runtime } = connect()
    const [removed, stopped] = await Promise.all(
      ['a', 'b'].map(() => runtime.createContainer({ image, command: ['sleep', '60'], init: true })),
    )
    for (const id of [removed, stopped]) await runtime.startContainer(id ?? '')
    const waits = [runtime.waitContainer(removed ?? ''), runtime.waitContainer(stopped ?? '')]
    await runtime.removeContainer(removed ?? '')
    await runtime.stopContainer(stopped ?? '', { graceMs: 5_000 })
    expect(await Promise.all(waits)).toEqual([137, 143])
  })

  test('resolves each wait with the code of its own run after a second start', async () => {
    const { runtime } = connect()
    const command = ['sh', '-c', 'if [ -e /tmp/ran ]; then exit 2; fi; touch /tmp/ran; exit 1']
    const id = await runtime.createContainer({ image, command })
    expect(await runtime.startAttached(id, {})).toBe(1)
    expect(await runtime.startAttached(id, {})).toBe(2)
    expect(await runtime.waitContainer(id)).toBe(2)
  })

  test('resolves with the code of a container that starts and is removed during the wait', async () => {
    const { runtime } = connect()
    const id = await runtime.createContainer({ image, command: ['sh', '-c', 'exit 5'], autoRemove: true })
    const waiting = runtime.waitContainer(id)
    await runtime.startContainer(id)
    expect(await waiting).toBe(5)
  })

  test('resolves with 0 for a container that exits with 0 and is removed automatically during the wait', async () => {
    const { runtime } = connect()
    const id = await runtime.createContainer({ image, command: ['true'], autoRemove: true })
    const waiting = runtime.waitContainer(id)
    await runtime.startContainer(id)
    expect(await waiting).toBe(0)
  })

  test('runs a container by a chosen OCI runtime of the engine', async (context) => {
    skipOnPodman(context, 'Podman ignores the OCI runtime in requests of this API')
    const { runtime } = connect()
    const id = await runtime.createContainer({ image, ociRuntime: 'runc', command: ['echo', 'by runc'] })
    await runtime.startContainer(id)
    expect(await runtime.waitContainer(id)).toBe(0)
    expect(Buffer.from(await runtime.containerLogsAll(id)).toString()).toBe('by runc\n')
  })

  test('rejects with INVALID_ARGUMENT for a device that the machine does not have', async () => {
    const { runtime } = connect()
    const start = async () =>
      runtime.startContainer(await runtime.createContainer({ image, devices: [{ source: '/dev/nosuch' }] }))
    await expect(start()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'devices', given: '"/dev/nosuch"' },
    })
  })

  test('rejects with INVALID_ARGUMENT for the IPC namespace of a container that is not shareable', async () => {
    const { runtime } = connect()
    const owner = await runtime.createContainer({ image, ipcMode: 'private', command: ['sleep', '60'] })
    await runtime.startContainer(owner)
    const start = async () =>
      runtime.startContainer(await runtime.createContainer({ image, ipcMode: { container: owner }, command: ['true'] }))
    await expect(start()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'ipcMode' } })
  })

  test('rejects with NOT_RUNNING for the process ids of a container that does not run', async () => {
    const { runtime } = connect()
    const owner = await runtime.createContainer({ image, ipcMode: 'shareable', command: ['sleep', '60'] })
    for (const shared of [{ pidMode: { container: owner } }, { ipcMode: { container: owner } }]) {
      const id = await runtime.createContainer({ image, ...shared, command: ['true'] })
      await expect(runtime.startContainer(id)).rejects.toMatchObject({
        code: 'NOT_RUNNING',
        facts: { id: owner, state: 'created' },
      })
      if (isPodman) {
        const users = [id]
        await expect(runtime.removeContainer(owner)).rejects.toMatchObject({ code: 'IN_USE', facts: { users } })
      }
      await runtime.removeContainer(id)
    }
  })

  test('rejects with CONTAINER_NOT_FOUND for a missing container', async () => {
    await expect(connect().runtime.waitContainer('0123456789ab')).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })
})

function readFrom(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(text))
  })
}
