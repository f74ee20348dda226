import { type RuntimePlugin, sidecarManagerCapability } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { type MemoryProgram, memoryPlugin } from '@capstan/runtime-memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeIo } from '../support/fake-io.js'
import { memoryPluginWith } from '../support/memory-plugin-with.js'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
let plugins: readonly RuntimePlugin[]
let web: string

const capstan = (argv: readonly string[], more: object = {}) => runCapstan(argv, { env, plugins, ...more })
const json = async (argv: readonly string[]) => JSON.parse((await capstan([...argv, '--json'])).stdout)

beforeEach(async () => {
  plugins = [memoryPlugin()]
  const command = ['sh', '-c', 'echo one; echo two >&2; echo three; sleep 1000']
  web = (await capstan(['run', '-d', '--name', 'web', '--label', 'tier=front', 'busybox', ...command])).stdout.trim()
  const io = new FakeIo({ env })
  const following = capstan(['logs', '-f', 'web'], { io })
  await io.stdout.waitFor(/three/)
  io.signals.emit('SIGINT')
  await following
})

describe('capstan ps', () => {
  it('lists running containers, and all with --all', async () => {
    await capstan(['run', '--name', 'done', 'busybox', 'true'])
    expect((await capstan(['ps'])).stdout).toMatch(
      /^ID +NAME +IMAGE +STATE +CREATED +PORTS\n[0-9a-f]{12} +web +busybox.* running .*\n$/,
    )
    expect((await capstan(['ps', '-a'])).stdout).toMatch(/done +busybox.* exited/)
  })

  it('shows the published ports of running containers, in the table and in JSON', async () => {
    await capstan(['run', '-d', '--name', 'shop', '-p', '127.0.0.1::80', 'busybox', 'sleep', '1000'])
    const { containers } = await json(['ps'])
    const [{ hostPort }] = containers[0].ports
    expect(containers).toMatchObject([
      { name: 'shop', ports: [{ hostAddress: '127.0.0.1', hostPort, containerPort: 80, protocol: 'tcp' }] },
      { name: 'web', ports: [] },
    ])
    expect((await capstan(['ps'])).stdout).toContain(` 127.0.0.1:${hostPort}->80/tcp\n`)
    await capstan(['stop', '-t', '0', 'shop'])
    expect((await json(['ps', '-a'])).containers[0]).toMatchObject({ name: 'shop', ports: [] })
  })

  it('shows ports with their address on a runtime without sidecars', async () => {
    plugins = [memoryPlugin({ without: [sidecarManagerCapability] })]
    await capstan(['run', '-d', '--name', 'shop', '-p', '127.0.0.1::80', 'busybox', 'sleep', '1000'])
    expect((await capstan(['ps'])).stdout).toMatch(/ 127\.0\.0\.1:\d+->80\/tcp\n$/)
  })

  it('ignores a container that is removed meanwhile', async () => {
    const inspectContainer = (id: string) => Promise.reject(createHostError('CONTAINER_NOT_FOUND', { id }))
    plugins = [memoryPluginWith({ inspectContainer }, { without: [sidecarManagerCapability] })]
    await capstan(['run', '-d', '--name', 'shop', 'busybox', 'sleep', '1000'])
    expect((await json(['ps'])).containers).toMatchObject([{ name: 'shop', ports: [] }])
  })

  it('filters by label', async () => {
    expect((await capstan(['ps', '-q', '--label', 'tier=front'])).stdout.trim()).toBe(web)
    expect((await capstan(['ps', '-q', '--label', 'tier=back'])).stdout).toBe('')
  })

  it('prints rows by a template, as a table, and as JSON', async () => {
    await capstan(['run', '--name', 'failed', 'busybox', 'false'])
    expect((await capstan(['ps', '--format', '{{.Names}} {{.Status}} {{.Label "tier"}}'])).stdout).toMatch(
      /^web Up .+ front\n$/,
    )
    expect((await capstan(['ps', '-a', '--format', 'table {{.Names}}\\t{{.Status}}'])).stdout).toMatch(
      /^NAMES +STATUS\nfailed +Exited \(1\) .* ago\nweb +Up .*\n$/,
    )
    const row = JSON.parse((await capstan(['ps', '--no-trunc', '--format', 'json'])).stdout)
    expect(row).toMatchObject({
      ID: web,
      Names: 'web',
      Image: 'busybox',
      State: 'running',
      Labels: expect.stringContaining('tier=front'),
    })
  })

  it('rejects a template with an unknown field', async () => {
    const { exitCode, stderr } = await capstan(['ps', '--format', '{{.Name}}'])
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 125 })
    expect(stderr).toContain('--format: there is no field "Name"; the fields are ID, Names')
  })

  it('lists the newest containers in any state with -n and -l', async () => {
    await capstan(['run', '--name', 'newest', 'busybox', 'true'])
    expect((await capstan(['ps', '-l', '--format', '{{.Names}}'])).stdout).toBe('newest\n')
    expect((await capstan(['ps', '-n', '2', '--format', '{{.Names}}'])).stdout).toBe('newest\nweb\n')
  })

  it('prints JSON with the version of its schema', async () => {
    expect(await json(['ps'])).toMatchObject({
      schemaVersion: 1,
      runtime: 'memory',
      containers: [{ id: web, name: 'web', state: 'running', labels: { tier: 'front' } }],
    })
  })
})

describe('capstan inspect', () => {
  it('finds a container by ID, by a prefix of an ID, and by name', async () => {
    for (const reference of [web, web.slice(0, 6), 'web']) {
      const { containers } = await json(['inspect', reference])
      expect(containers).toMatchObject([{ id: web, name: 'web', state: { status: 'running', running: true } }])
    }
  })

  it('prints lines of text', async () => {
    const { stdout } = await capstan(['inspect', 'web'])
    expect(stdout).toMatch(/^id: +[0-9a-f]+\nname: +web\n/)
    expect(stdout).toMatch(/^command: +sh -c 'echo one; echo two/m)
    expect(stdout).toMatch(/^label: +tier=front$/m)
  })

  it('fails with a remedy for an unknown container', async () => {
    expect(await capstan(['inspect', 'missing'])).toEqual({
      exitCode: 125,
      stdout: '',
      stderr: 'capstan inspect: there is no container "missing"\n  → `capstan ps --all` lists the containers\n',
    })
  })

  it('shows everything on a runtime without sidecars', async () => {
    plugins = [memoryPlugin({ without: [sidecarManagerCapability] })]
    await capstan(['run', '-d', '--name', 'web', '-p', '127.0.0.1::80', 'busybox', 'sleep', '1000'])
    const { containers } = await json(['inspect', 'web'])
    const [{ hostPort }] = containers[0].ports
    expect(containers[0]).toMatchObject({
      imageId: expect.stringMatching(/./),
      command: ['sleep', '1000'],
      networks: [{ networkName: expect.any(String) }],
      ports: [{ containerPort: 80, hostPort: expect.any(Number), hostAddress: '127.0.0.1', protocol: 'tcp' }],
    })
    expect((await capstan(['inspect', 'web'])).stdout).toMatch(
      new RegExp(`^port: +127\\.0\\.0\\.1:${hostPort}->80/tcp$`, 'm'),
    )
  })

  it('rejects an ambiguous prefix of an ID', async () => {
    for (let count = 0; count < 20; count += 1) await capstan(['run', 'busybox', 'true'])
    const ids = (await capstan(['ps', '-aq'])).stdout.trim().split('\n')
    const shared = ids.map((id) => id.slice(0, 1)).find((first, index, all) => all.indexOf(first) !== index) ?? ''
    const { exitCode, stderr } = await capstan(['inspect', shared])
    expect(exitCode).toBe(125)
    expect(stderr).toContain(`several containers have an ID that begins with "${shared}"`)
  })
})

describe('capstan inspect --format', () => {
  it('prints the fields of docker by a template, one line for each container', async () => {
    const template = '{{.Name}} {{.State.Status}} {{.State.ExitCode}} {{.Config.Image}} {{json .Args}}'
    const { exitCode, stdout } = await capstan(['inspect', '-f', template, 'web', 'web'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^\/web running 0 busybox \[.*\]\n\/web running 0 busybox \[.*\]\n$/)
    expect((await capstan(['inspect', '-f', '{{.Config.Labels.missing}}', 'web'])).stdout).toBe('\n')
    const networks = '{{range $name, $network := .NetworkSettings.Networks}}{{$name}}{{end}}'
    expect((await capstan(['inspect', '-f', networks, 'web'])).stdout).toBe('bridge\n')
  })

  it('prints one JSON document for each container with json', async () => {
    const { stdout } = await capstan(['inspect', '--format', 'json', 'web'])
    expect(JSON.parse(stdout)).toMatchObject({ Name: '/web', State: { Running: true, Health: null } })
  })

  it('rejects an invalid template before it opens a runtime, and names an unknown field', async () => {
    const invalid = await capstan(['inspect', '-f', '{{.Name', 'web'], { env: { CAPSTAN_RUNTIME: 'none' } })
    expect(invalid).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('--format') })
    const unknown = await capstan(['inspect', '-f', '{{.HostConfig}}', 'web'])
    expect(unknown).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('"HostConfig"') })
  })
})

describe('capstan logs', () => {
  it('separates stdout and stderr', async () => {
    expect(await capstan(['logs', 'web'])).toEqual({ exitCode: 0, stdout: 'one\nthree\n', stderr: 'two\n' })
  })

  it('shows the last lines, timestamps, and JSON lines', async () => {
    expect((await capstan(['logs', '--tail', '1', 'web'])).stdout).toBe('three\n')
    expect((await capstan(['logs', '-t', 'web'])).stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z one\n\d{4}/)
    const lines = (await capstan(['logs', '--json', 'web'])).stdout.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toContainEqual({ schemaVersion: 1, source: 'stderr', text: 'two\n' })
  })

  it('writes an incomplete character at the end in JSON', async () => {
    const partial: MemoryProgram = async ({ stdout }) => {
      stdout.write(Buffer.from('caf\u00e9').subarray(0, 4))
      return 0
    }
    plugins = [memoryPlugin({ images: { partial: { main: partial } } })]
    await capstan(['run', '--name', 'partial', 'partial'])
    const lines = (await capstan(['logs', '--json', 'partial'])).stdout.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).text).join('')).toBe('caf\ufffd')
  })

  it('follows until the container exits', async () => {
    const io = new FakeIo({ env })
    const following = capstan(['logs', '-f', 'web'], { io })
    await io.stdout.waitFor(/three/)
    await capstan(['stop', '-t', '0', 'web'])
    expect((await following).exitCode).toBe(0)
  })

  it('exits with 130 on Ctrl-C while it follows', async () => {
    const io = new FakeIo({ env })
    const following = capstan(['logs', '-f', 'web'], { io })
    await io.stdout.waitFor(/three/)
    io.signals.emit('SIGINT')
    expect(await following).toMatchObject({ exitCode: 130 })
  })
})

describe('capstan stop and rm', () => {
  it('accepts a stopped container in stop, removes it, and prints the names', async () => {
    expect(await capstan(['stop', '-t', '0', 'web'])).toEqual({ exitCode: 0, stdout: 'web\n', stderr: '' })
    expect((await capstan(['stop', 'web'])).exitCode).toBe(0)
    expect((await capstan(['rm', 'web'])).stdout).toBe('web\n')
    expect((await capstan(['ps', '-aq'])).stdout).toBe('')
  })

  it.each(['86401', '1e9', 'soon', '-1'])('rejects --time %s before it opens a runtime', async (time) => {
    const { exitCode, stderr } = await capstan(['stop', `--time=${time}`, 'web'])
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan stop: --time must be a .*, not "/)
  })

  it('handles containers in parallel, and prints them in the given order', async () => {
    let begun = 0
    let resolveAll = () => {}
    const all = new Promise<void>((resolve) => {
      resolveAll = resolve
    })
    const stopContainer = async () => {
      begun += 1
      if (begun === 2) resolveAll()
      await all
    }
    plugins = [memoryPluginWith({ stopContainer })]
    for (const name of ['one', 'two']) await capstan(['run', '-d', '--name', name, 'busybox', 'sleep', '1000'])
    expect((await capstan(['stop', 'two', 'one'])).stdout).toBe('two\none\n')
  })

  it('removes a running container only with --force', async () => {
    const rejected = await capstan(['rm', 'web'])
    expect(rejected.exitCode).toBe(125)
    expect(rejected.stderr).toMatch(/container "web" is running\n {2}→ stop it first/)
    expect((await capstan(['rm', '-f', 'web'])).exitCode).toBe(0)
  })

  it('handles the other containers and fails when one does not exist, except with --force', async () => {
    const mixed = await capstan(['stop', '-t', '0', 'missing', 'web', 'absent'])
    expect(mixed).toMatchObject({ exitCode: 125, stdout: 'web\n' })
    const none = (name: string) =>
      `capstan stop: there is no container "${name}"\n  → \`capstan ps --all\` lists the containers\n`
    expect(mixed.stderr).toBe(none('missing') + none('absent'))
    expect(await capstan(['rm', '-f', 'missing', 'web'])).toEqual({ exitCode: 0, stdout: 'web\n', stderr: '' })
  })

  it('prints JSON', async () => {
    expect(await json(['rm', '-f', 'web'])).toEqual({ schemaVersion: 1, runtime: 'memory', done: ['web'] })
  })
})

describe('capstan exec', () => {
  it('passes output and exit code through', async () => {
    const result = await capstan(['exec', 'web', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
    expect(result).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' })
  })

  it('passes stdin, environment and unchanged arguments', async () => {
    expect((await capstan(['exec', '-i', 'web', 'wc', '-c'], { stdin: 'abc' })).stdout.trim()).toBe('3')
    expect((await capstan(['exec', '-e', 'A=1', 'web', 'sh', '-c', 'echo $A'])).stdout).toBe('1\n')
    expect((await capstan(['exec', 'web', 'echo', '-i', '--'])).stdout).toBe('-i --\n')
  })

  it('exits with 127 for a missing command, and 125 for a container that is not running', async () => {
    expect((await capstan(['exec', 'web', 'no-such-command'])).exitCode).toBe(127)
    await capstan(['stop', '-t', '0', 'web'])
    const { exitCode, stderr } = await capstan(['exec', 'web', 'true'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('is not running')
  })

  it('rejects an invalid option before it opens a runtime', async () => {
    const { exitCode, stderr } = await capstan(['exec', '-w', 'here', 'web', 'true'], {
      env: { CAPSTAN_RUNTIME: 'none' },
    })
    expect({ exitCode, stderr }).toEqual({ exitCode: 125, stderr: expect.stringContaining('--workdir must be') })
  })

  it('stops the command on Ctrl-C, and not the container', async () => {
    const io = new FakeIo({ env })
    const running = capstan(['exec', 'web', 'sh', '-c', 'echo up; sleep 1000'], { io })
    await io.stdout.waitFor(/up/)
    io.signals.emit('SIGINT')
    expect((await running).exitCode).toBe(130)
    expect((await capstan(['ps', '-q'])).stdout.trim()).toBe(web)
  })

  it('leaves the command running when the user types the detach keys in a terminal', async () => {
    const io = new FakeIo({ env, columns: 80, isTerminal: true, isStdinOpen: true })
    const running = capstan(['exec', '-it', 'web', 'sh', '-c', 'echo up; sleep 0.2; echo x > /tmp/went-on'], { io })
    await io.stdout.waitFor(/up/)
    io.stdin.write('\x10\x11')
    expect(await running).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('Detached') })
    const read = async () => (await capstan(['exec', 'web', 'cat', '/tmp/went-on'])).stdout
    await expect.poll(read).toBe('x\n')
  })

  it('sets the size of the terminal, retries while the process starts, and sets each new size', async () => {
    const looking: MemoryProgram = async ({ terminalSize, stdout }) => {
      const widths = new Set<number>()
      while (widths.size < 2) {
        const { width } = terminalSize() ?? {}
        if (width !== undefined && !widths.has(width)) stdout.write(`${width} wide\n`)
        if (width !== undefined) widths.add(width)
        await new Promise((resolve) => setImmediate(resolve))
      }
      return 0
    }
    plugins = [memoryPlugin({ commands: { looking }, faults: [{ operation: 'resize', times: 2 }] })]
    await capstan(['run', '-d', '--name', 'late', 'busybox', 'sleep', '1000'])
    const io = new FakeIo({ env, columns: 91 })
    const running = capstan(['exec', '-t', 'late', 'looking'], { io })
    await io.stdout.waitFor(/91 wide/)
    Object.assign(io.stdout, { columns: 70 })
    io.stdout.emit('resize')
    expect(await running).toMatchObject({ exitCode: 0, stdout: '91 wide\r\n70 wide\r\n', stderr: '' })
  })

  it('exits with the exit code of the process when the size of its terminal cannot be set', async () => {
    plugins = [memoryPlugin({ faults: [{ operation: 'resize', times: 1000 }] })]
    await capstan(['run', '-d', '--name', 'short', 'busybox', 'sleep', '1000'])
    const io = new FakeIo({ env, columns: 91 })
    const argv = ['exec', '-t', 'short', 'sh', '-c', 'echo out; exit 7']
    expect(await capstan(argv, { io })).toEqual({ exitCode: 7, stdout: 'out\r\n', stderr: '' })
  })
})
