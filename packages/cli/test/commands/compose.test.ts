import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeManagerCapability, type RuntimePlugin } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeIo, type FakeIoOptions } from '../support/fake-io.js'
import { runCapstan } from '../support/run-capstan.js'

let plugins: readonly RuntimePlugin[]
let cwd: string
beforeEach(async () => {
  plugins = [memoryPlugin()]
  cwd = await mkdtemp(join(tmpdir(), 'capstan-compose-'))
})
afterEach(() => rm(cwd, { recursive: true, force: true }))

const env = { CAPSTAN_RUNTIME: 'memory', COMPOSE_PROJECT_NAME: 'shop' }
const capstan = (...argv: readonly string[]) => runCapstan(argv, { env, cwd, plugins })
const json = async (...argv: readonly string[]) => JSON.parse((await capstan(...argv, '--json')).stdout)
const start = (argv: readonly string[], options: FakeIoOptions = {}) => {
  const io = new FakeIo({ env, cwd, ...options })
  return { io, result: runCapstan(argv, { io, plugins }) }
}
const write = (text: string) => writeFile(join(cwd, 'compose.yaml'), text)
const shop = `
services:
  web:
    image: busybox
    command: sh -c 'echo from web; sleep 1000'
    depends_on: {setup: {condition: service_completed_successfully}}
    scale: 2
  setup: {image: busybox, command: sh -c 'printf "from setup"'}
  debug: {image: busybox, command: sleep 1000, profiles: [debug]}
`

describe('capstan compose up', () => {
  it('starts a project, which stays after the command and is kept by a sweep, and shows the steps', async () => {
    await write(shop)
    const { exitCode, stdout, stderr } = await capstan('compose', 'up', '-d')
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    expect(stderr).toContain('network shop_default Created\n')
    expect(stderr.split('\n').filter((line) => line.includes('web-2'))).toEqual([
      'container web-2 Creating',
      'container web-2 Created',
      'container web-2 Starting',
      'container web-2 Started',
      'container web-2 Running',
    ])
    const { containers } = await json('ps', '-a')
    expect(containers.map(({ labels }: { labels: object }) => labels)).toEqual(
      Array(3).fill(expect.objectContaining({ 'capstan.lifetime': 'persistent' })),
    )
  })

  it('prints the project as JSON', async () => {
    await write(shop)
    expect(await json('compose', 'up', '-d', 'setup', '--job', 'setup')).toMatchObject({
      runtime: 'memory',
      project: { name: 'shop', services: [{ service: 'setup', containers: [{ number: 1, exitCode: 0 }] }] },
    })
  })

  it('shows the logs with the names of the services until all have ended', async () => {
    await write(`
services:
  first: {image: busybox, command: sh -c 'echo one; printf two; sleep 0.2'}
  second-one: {image: busybox, command: sh -c 'echo err >&2; sleep 0.2'}
`)
    const { exitCode, stdout } = await capstan('compose', 'up')
    expect(exitCode).toBe(0)
    expect(stdout.split('\n').sort()).toEqual(['', 'first-1       | one', 'first-1       | two', 'second-one-1  | err'])
    expect((await capstan('compose', 'up', '--no-log-prefix', 'first')).stdout).toBe('one\ntwo\n')
  })

  it('follows a service that its restart policy starts again', async () => {
    await write(`services: {a: {image: busybox, command: sh -c 'echo run; sleep 0.01; exit 1', restart: always}}`)
    const { io, result } = start(['compose', 'up'])
    await io.stdout.waitFor(/(\| run\n.*){3}/)
    io.signals.emit('SIGINT')
    expect(await result).toMatchObject({ exitCode: 130 })
  })

  it('stops the services at the first interruption, and exits with 130', async () => {
    await write(shop)
    const { io, result } = start(['compose', 'up'])
    await io.stdout.waitFor(/web-2 +\| from web/)
    io.signals.emit('SIGINT')
    expect(await result).toMatchObject({ exitCode: 130 })
    expect((await json('compose', 'ps', '-a')).services).toMatchObject([
      { service: 'setup' },
      { service: 'web', containers: [{ state: 'exited' }, { state: 'exited' }] },
    ])
  })

  it('kills the services at the second interruption', async () => {
    await write(`services: {a: {image: busybox, command: sh -c "trap '' TERM; echo ready; sleep 1000"}}`)
    const { io, result } = start(['compose', 'up'])
    await io.stdout.waitFor(/ready/)
    io.signals.emit('SIGINT')
    io.signals.emit('SIGINT')
    expect(await result).toMatchObject({ exitCode: 130 })
    expect((await json('compose', 'ps', '-a')).services).toMatchObject([{ containers: [{ exitCode: 137 }] }])
  })

  it('removes what it created when it is interrupted before the services are ready', async () => {
    await write('services: {a: {image: busybox, command: sleep 1000, healthcheck: {test: exit 1, interval: 1h}}}')
    const { io, result } = start(['compose', 'up', '-d'])
    await io.stderr.waitFor(/a-1 Started/)
    io.signals.emit('SIGTERM')
    expect(await result).toMatchObject({ exitCode: 143 })
    expect((await json('ps', '-a')).containers).toEqual([])
  })

  it('exits with 1 and shows the last lines when a service fails', async () => {
    await write(`
services:
  bad: {image: busybox, command: sh -c "echo reason; exit 3"}
  slow: {image: busybox, command: sleep 1000, healthcheck: {test: exit 1, interval: 1h}}
`)
    const { exitCode, stderr } = await capstan('compose', 'up', '-d')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('service "bad" of project "shop" is not ready')
    expect(stderr).toContain('reason')
    expect((await json('ps', '-a')).containers).toEqual([])
  })

  it('names the option with which a service that exits with 0 is ready', async () => {
    await write('services: {once: {image: busybox, command: echo done}}')
    const { exitCode, stderr } = await capstan('compose', 'up', '-d')
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('→ --job once waits until it has exited with 0')])
  })

  it('names the option or the file of a fault', async () => {
    await write('services:\n  a:\n    image: x\n    comand: y\n')
    expect((await capstan('compose', 'up')).stderr).toContain(
      `compose up: ${join(cwd, 'compose.yaml')}:4: services.a.comand`,
    )
    expect((await capstan('compose', 'up', '--wait-timeout', 'x')).stderr).toContain('--wait-timeout')
    await write('services: {a: {image: x, cap_add: [ALL]}}')
    expect(await capstan('compose', 'up')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('does not support "services.a.cap_add"'),
    })
    await rm(join(cwd, 'compose.yaml'))
    expect(await capstan('compose', 'up')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('there is no compose.yaml'),
    })
  })

  it('reports a runtime without Compose projects', async () => {
    plugins = [memoryPlugin({ without: [composeManagerCapability] })]
    await write(shop)
    const { exitCode, stderr } = await capstan('compose', 'up')
    expect([exitCode, stderr]).toEqual([125, expect.stringContaining('compose projects')])
  })

  it('draws a page of the parts on a terminal', async () => {
    await write(shop)
    const { result } = start(['compose', 'up', '-d', 'setup', '--job', 'setup'], { columns: 80 })
    const { stderr } = await result
    expect(stderr).toMatch(/✔ network shop_default +Created\n✔ container setup-1 +Exited\n$/)
  })
})

describe('capstan compose up with --scale, --no-deps and what is created again', () => {
  const listIds = async () => (await capstan('compose', 'ps', '-a', '-q')).stdout.split('\n').filter(Boolean).toSorted()

  it('starts the number of containers, without dependencies, and keeps, replaces or removes containers', async () => {
    await write('services: {a: {image: busybox, command: sleep 1000, depends_on: [b]}, b: {image: busybox}}')
    expect(await capstan('compose', 'up', '-d', '--no-deps', '--scale', 'a=2', 'a')).toMatchObject({ exitCode: 0 })
    const ids = await listIds()
    expect(ids).toHaveLength(2)
    await write('services: {a: {image: busybox, command: sleep 2000}, c: {image: busybox, command: sleep 1000}}')
    await capstan('compose', 'up', '-d', '--scale', 'a=2', '--no-recreate')
    expect(await listIds()).toEqual(expect.arrayContaining(ids))
    await write('services: {a: {image: busybox, command: sleep 2000}}')
    await capstan('compose', 'up', '-d', '--scale', 'a=2', '--force-recreate', '--remove-orphans', '-t', '0')
    const now = await listIds()
    expect(now).toHaveLength(2)
    expect(now.filter((id) => ids.includes(id))).toEqual([])
  })

  it.each([
    [['--scale', 'a'], '--scale must be a service and a number'],
    [['--scale', 'none=2'], '--scale must be the name of a service that is started'],
    [['--no-deps'], '--no-deps needs the names of services'],
    [['none'], 'SERVICE must be a service of the project'],
    [['--job', 'none'], '--job must be'],
    [['--wait-timeout', '0'], '--wait-timeout must be a number of seconds above 0'],
    [['--force-recreate', '--no-recreate'], '--force-recreate cannot be used with --no-recreate'],
    [['--abort-on-container-exit', '-d'], '--abort-on-container-exit cannot be used with --detach'],
    [['--exit-code-from', 'a', '--job', 'a'], '--exit-code-from cannot be used with --job'],
    [['--exit-code-from', 'none'], 'project "shop" has no service "none"'],
    [['--exit-code-from', 'none', 'a'], 'project "shop" has no service "none"'],
    [['--abort-on-container-exit', '--abort-on-container-failure'], 'with --abort-on-container-failure'],
  ])('rejects %j and creates nothing', async (argv, problem) => {
    await write('services: {a: {image: busybox, command: sleep 1000}}')
    const { exitCode, stderr } = await capstan('compose', 'up', ...argv)
    expect([exitCode, stderr]).toEqual([125, expect.stringContaining(problem)])
    expect(await listIds()).toEqual([])
  })
})

describe('capstan compose up that ends when a container exits', () => {
  const tests = `
services:
  tests: {image: busybox, command: sh -c 'echo testing; exit 3', depends_on: {setup: {condition: service_completed_successfully}}}
  setup: {image: busybox, command: echo migrated}
  db: {image: busybox, command: sh -c "trap 'exit 9' TERM; echo serving; sleep 1000", healthcheck: {test: exit 1, interval: 1h}}
`
  const listStates = async () => {
    const { services } = await json('compose', 'ps', '-a')
    const toCode = ({ containers }: { containers: readonly { exitCode: number }[] }) => containers[0]?.exitCode
    return services.map(toCode)
  }

  it('exits with the code of the first container that exits, other than a job that another service waits for', async () => {
    await write(tests)
    const { exitCode, stdout, stderr } = await capstan('compose', 'up', '--abort-on-container-exit')
    expect(exitCode).toBe(3)
    expect(stdout).toContain('tests-1  | testing')
    expect(stdout).toContain('setup-1  | migrated')
    expect(stderr).toContain('tests-1 exited with code 3; stopping the services\n')
    expect(await listStates()).toEqual([9, 0, 3])
  })

  it('exits with the code of the service that is named, which is started, too', async () => {
    await write(tests)
    expect(await capstan('compose', 'up', '--exit-code-from', 'tests', 'db')).toMatchObject({ exitCode: 3 })
    expect(await capstan('compose', 'up', '--exit-code-from', 'db')).toMatchObject({ exitCode: 9 })
  })

  it('ends at the first failure, not at an exit with 0', async () => {
    const toProject = (code: number) => `
services:
  first: {image: busybox, command: "true"}
  second: {image: busybox, command: sh -c 'sleep 0.1; exit ${code}'}
`
    await write(toProject(0))
    expect(await capstan('compose', 'up', '--abort-on-container-failure')).toMatchObject({ exitCode: 0 })
    await write(`${toProject(4)}  third: {image: busybox, command: sleep 1000}\n`)
    expect(await capstan('compose', 'up', '--abort-on-container-failure')).toMatchObject({ exitCode: 4 })
  })

  it('exits with 130 when it is interrupted before', async () => {
    await write('services: {a: {image: busybox, command: sh -c "echo ready; sleep 1000"}}')
    const { io, result } = start(['compose', 'up', '--exit-code-from', 'a'])
    await io.stdout.waitFor(/ready/)
    io.signals.emit('SIGINT')
    expect(await result).toMatchObject({ exitCode: 130 })
  })
})

describe('capstan compose down', () => {
  it('removes a project by its name or its files, with volumes if requested', async () => {
    await write('services: {a: {image: busybox, command: sleep 1000, volumes: ["v:/v"]}}\nvolumes: {v: }')
    await capstan('compose', 'up', '-d')
    expect(await capstan('compose', 'down', '-t', '0', '--remove-orphans')).toMatchObject({ exitCode: 0 })
    expect((await json('volume', 'ls')).volumes).toMatchObject([{ name: 'shop_v' }])
    await rm(join(cwd, 'compose.yaml'))
    expect(await capstan('compose', '-p', 'shop', 'down', '-v')).toMatchObject({ exitCode: 0, stdout: '' })
    expect((await json('volume', 'ls')).volumes).toEqual([])
    expect(await capstan('compose', '-p', 'never', 'down')).toMatchObject({ exitCode: 0 })
  })
})

describe('the other commands of capstan compose', () => {
  beforeEach(async () => {
    await write(shop)
    await capstan('compose', 'up', '-d')
  })

  it('ps lists containers of services, running or all', async () => {
    expect((await capstan('compose', 'ps')).stdout).toMatch(
      /^SERVICE +NUMBER +CONTAINER ID +STATE +PORTS\nweb +1 +[0-9a-f]{12} +running\nweb +2 +[0-9a-f]{12} +running\n$/,
    )
    expect((await capstan('compose', 'ps', '-a')).stdout).toMatch(/\nsetup +1 +[0-9a-f]{12} +exited \(0\)\n/)
    expect((await capstan('compose', 'ps', '--services')).stdout).toBe('web\n')
    expect((await capstan('compose', 'ps', '-q', 'web')).stdout).toMatch(/^[0-9a-f]{64}\n[0-9a-f]{64}\n$/)
    expect(await capstan('compose', 'ps', 'none')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('no containers of service "none": it has setup, web'),
    })
  })

  it('ls lists projects', async () => {
    expect((await capstan('compose', 'ls')).stdout).toMatch(
      /^NAME +SERVICES +FILES\nshop +setup, web +\/.*compose.yaml\n$/,
    )
    expect((await capstan('compose', 'ls', '-q')).stdout).toBe('shop\n')
    expect((await json('compose', 'ls')).projects).toMatchObject([{ name: 'shop', services: ['setup', 'web'] }])
  })

  it('logs shows the logs of all or of given services', async () => {
    const { stdout } = await capstan('compose', 'logs')
    expect(stdout.split('\n').sort()).toEqual([
      '',
      'setup-1  | from setup',
      'web-1    | from web',
      'web-2    | from web',
    ])
    expect((await capstan('compose', 'logs', '-n', '1', '--no-log-prefix', 'setup')).stdout).toBe('from setup\n')
    const { stdout: lines } = await capstan('compose', 'logs', '--json', 'setup')
    expect(JSON.parse(lines)).toMatchObject({ service: 'setup', container: 'setup-1', text: 'from setup' })
  })

  it('exec runs a command in a container of a service, and exits with its exit code', async () => {
    const { result } = start(['compose', 'exec', 'web', 'sh', '-c', 'cat; exit 3'], { stdin: 'input' })
    expect(await result).toMatchObject({ exitCode: 3, stdout: 'input' })
    const names = await Promise.all(
      ['1', '2'].map((index) => capstan('compose', 'exec', '--index', index, '-e', 'A=b', 'web', 'hostname')),
    )
    expect(new Set(names.map(({ stdout }) => stdout)).size).toBe(2)
    for (const [argv, problem] of [
      [['none'], 'no containers of service "none"'],
      [['--index', '3', 'web'], 'has no container 3'],
      [['setup'], 'is not running'],
    ] as const) {
      const { exitCode, stderr } = await capstan('compose', 'exec', ...argv, 'true')
      expect([exitCode, stderr]).toEqual([125, expect.stringContaining(problem)])
    }
  })

  it('config shows the project, its names, or nothing', async () => {
    expect((await capstan('compose', 'config')).stdout).toMatch(
      /^Project shop\n\nSERVICE +IMAGE +CONTAINERS +DEPENDS ON\nsetup +busybox +1\nweb +busybox +2 +setup \(completed\)\n\nKIND +KEY +NAME\nnetwork +default +shop_default\n$/,
    )
    for (const profile of ['debug', '*'])
      expect((await capstan('compose', '--profile', profile, 'config', '--services')).stdout).toBe(
        'debug\nsetup\nweb\n',
      )
    const byVariable = { io: new FakeIo({ cwd, env: { ...env, COMPOSE_PROFILES: 'other, debug' } }), plugins }
    expect((await runCapstan(['compose', 'config', '--services'], byVariable)).stdout).toBe('debug\nsetup\nweb\n')
    expect((await capstan('compose', 'config', '--images')).stdout).toBe('busybox\n')
    expect((await capstan('compose', 'config', '-q')).stdout).toBe('')
    expect((await json('compose', 'config')).project.services).toHaveLength(2)
  })

  it('completion completes commands, services and projects', async () => {
    const complete = async (...words: readonly string[]) => (await capstan('__complete', '--', ...words)).stdout
    expect(await complete('compose', 'do')).toBe('down\tStop and remove the containers and networks of a project\n')
    expect(await complete('compose', 'up', '')).toBe('setup\tbusybox\nweb\tbusybox\n')
    expect(await complete('compose', '--profile', 'debug', 'exec', 'd')).toBe('debug\tbusybox\n')
    expect(await complete('compose', '-p', '')).toBe('shop\tsetup, web\n')
    expect(await complete('compose', '-f', '')).toBe(':files\n')
  })

  it('completion does not read stdin, which is the terminal, for the file -', { timeout: 5000 }, async () => {
    const { result } = start(['__complete', '--', 'compose', '-f', '-', 'up', ''], { isStdinOpen: true })
    expect(await result).toMatchObject({ exitCode: 0, stdout: '' })
  })
})
