import { containerStatsCapability, eventStreamCapability, type RuntimePlugin } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeIo } from '../support/fake-io.js'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
let plugins: readonly RuntimePlugin[]
let web: string

const capstan = (argv: readonly string[], more: object = {}) => runCapstan(argv, { env, plugins, ...more })

beforeEach(async () => {
  plugins = [memoryPlugin()]
  const argv = ['run', '-d', '--name', 'web', '--label', 'tier=front', '--memory', '64m', 'busybox', 'sleep', '1000']
  web = (await capstan(argv)).stdout.trim()
})

describe('capstan stats', () => {
  it('shows all running containers once with --no-stream', async () => {
    await capstan(['run', '-d', '--name', 'db', 'busybox', 'sleep', '1000'])
    await capstan(['run', '--name', 'done', 'busybox', 'true'])
    const { stdout, exitCode } = await capstan(['stats', '--no-stream'])
    expect(exitCode).toBe(0)
    const rows = stdout.split('\n').map((line) => line.split(/ {3,}/))
    expect(rows[0]).toEqual([
      'CONTAINER ID',
      'NAME',
      'CPU %',
      'MEM USAGE / LIMIT',
      'MEM %',
      'NET I/O',
      'BLOCK I/O',
      'PIDS',
    ])
    expect(rows[1]?.[1]).toBe('db')
    expect(rows[2]).toEqual([web.slice(0, 12), 'web', '1.00%', '1MiB / 64MiB', '1.56%', '-- / --', '-- / --', '1'])
    expect(rows[3]).toEqual([''])
  })

  it('prints rows by a template, and numbers with --json', async () => {
    const format = ['--format', '{{.Name}} {{.CPUPerc}} {{.PIDs}}']
    expect((await capstan(['stats', '--no-stream', 'web', ...format])).stdout).toBe('web 1.00% 1\n')
    const { containers } = JSON.parse((await capstan(['stats', '--no-stream', '--json', web.slice(0, 6)])).stdout)
    expect(containers).toMatchObject([
      { id: web, name: 'web', cpu: { share: 0.01 }, memory: { limitBytes: 67_108_864 } },
    ])
  })

  it('prints rows each second until the given containers have stopped', async () => {
    const io = new FakeIo({ env })
    const watching = capstan(['stats', 'web', '--json'], { io })
    await io.stdout.waitFor(/\n/)
    await capstan(['stop', '-t', '0', 'web'])
    expect((await watching).exitCode).toBe(0)
    expect(JSON.parse(io.stdout.lines[0] ?? '')).toMatchObject({ schemaVersion: 1, id: web, cpu: { share: 0.01 } })
  })

  it('redraws a table on a terminal until Ctrl-C, with containers that start later', async () => {
    const io = new FakeIo({ env, columns: 120 })
    const watching = capstan(['stats'], { io })
    await io.stdout.waitFor(/web/)
    await capstan(['run', '-d', '--name', 'later', 'busybox', 'sleep', '1000'])
    await io.stdout.waitFor(/later/)
    io.signals.emit('SIGINT')
    expect((await watching).exitCode).toBe(130)
  })

  it.each([
    [['nix'], 'there is no container "nix"'],
    [['done'], 'container "'],
    [['--format', '{{.Nix}}'], 'there is no field "Nix"'],
  ])('exits with 125 for %j', async (operands, text) => {
    await capstan(['run', '--name', 'done', 'busybox', 'true'])
    for (const stream of [['--no-stream'], []]) {
      const { exitCode, stderr } = await capstan(['stats', ...stream, ...operands])
      expect(exitCode).toBe(125)
      expect(stderr).toContain(text)
    }
  })

  it('exits with 125 and the reason where the runtime has no statistics', async () => {
    plugins = [memoryPlugin({ without: [containerStatsCapability] })]
    const { exitCode, stderr } = await capstan(['stats', '--no-stream'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('needs container statistics')
  })
})

describe('capstan events', () => {
  it('shows events in the words of docker, and follows them until Ctrl-C', async () => {
    const io = new FakeIo({ env })
    const following = capstan(['events', '--since', '0', '-f', 'type=container'], { io })
    await io.stdout.waitFor(/start/)
    await capstan(['stop', '-t', '0', 'web'])
    await io.stdout.waitFor(/die/)
    io.signals.emit('SIGINT')
    expect((await following).exitCode).toBe(130)
    const [, , died = ''] = io.stdout.lines
    expect(died).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z container die [0-9a-f]{64} \(.*exitCode=137, image=busybox, name=web, tier=front\)$/,
    )
  })

  it.each<readonly [readonly string[], readonly string[]]>([
    [
      ['-f', 'event=start'],
      ['container start', 'container start'],
    ],
    [
      ['-f', 'container=other', '-f', 'event=die', '-f', 'event=destroy'],
      ['container die', 'container destroy'],
    ],
    [['-f', 'label=tier=front', '-f', 'event=create'], ['container create']],
    [['-f', 'label=tier', '-f', 'event=start'], ['container start']],
    [['-f', 'label=tier=back'], []],
    [['-f', 'image=busybox', '-f', 'type=image'], ['image tag']],
    [['-f', 'type=volume'], ['volume create']],
    [['-f', 'volume=data', '-f', 'event=destroy'], []],
    [
      ['-f', 'network=bridge', '-f', 'event=connect'],
      ['network connect', 'network connect'],
    ],
  ])('selects by %j, and ends at --until', async (filters, expected) => {
    await capstan(['run', '--rm', '--name', 'other', '-v', 'data:/data', 'busybox', 'true'])
    const format = ['--format', '{{.Type}} {{.Action}}']
    const { stdout } = await capstan(['events', '--since', '0', '--until', later(), ...format, ...filters])
    expect(stdout.split('\n').slice(0, -1)).toEqual(expected)
  })

  it('prints the JSON of docker with --format json, and the typed events with --json', async () => {
    const argv = ['events', '--since', '0', '--until', later(), '-f', 'event=start']
    const docker = JSON.parse((await capstan([...argv, '--format', 'json'])).stdout)
    expect(docker).toMatchObject({
      status: 'start',
      id: web,
      from: 'busybox',
      Type: 'container',
      Action: 'start',
      Actor: { ID: web, Attributes: { name: 'web', image: 'busybox', tier: 'front' } },
      scope: 'local',
    })
    const own = JSON.parse((await capstan([...argv, '--json'])).stdout)
    expect(own).toMatchObject({ schemaVersion: 1, kind: 'container', action: 'started', id: web, name: 'web' })
    const name = await capstan([...argv, '--format', '{{.Actor.Attributes.name}}{{.Actor.Attributes.nix}}'])
    expect(name.stdout).toBe('web\n')
  })

  it.each([
    [['--since', 'yesterday'], '--since must be a time'],
    [['--until', 'nix'], '--until must be a time'],
    [['--filter', 'type=pod'], 'type=container'],
    [['--filter', 'nix=1'], 'one of event'],
    [['--format', '{{.Nix}}'], 'there is no field "Nix"'],
  ])('exits with 125 for %j', async (options, text) => {
    const { exitCode, stderr } = await capstan(['events', ...options])
    expect(exitCode).toBe(125)
    expect(stderr).toContain(text)
  })

  it('exits with 125 and the reason where the runtime has no events', async () => {
    plugins = [memoryPlugin({ without: [eventStreamCapability] })]
    const { exitCode, stderr } = await capstan(['events'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('needs events')
  })
})

/** A time after all events until now, since the clock of the simulation may be ahead. */
function later(): string {
  return new Date(Date.now() + 50).toISOString()
}
