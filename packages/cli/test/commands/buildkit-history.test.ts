import { memoryPlugin } from '@capstan/runtime-memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeDaemon } from '../../../buildkit-client/test/support/fake-daemon.js'
import { memoryPluginWithService } from '../support/memory-plugin-with-service.js'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
let daemon: FakeDaemon

const capstan = (argv: readonly string[], stdin = '') =>
  runCapstan(argv, { env, plugins: [memoryPluginWithService(daemon)], stdin })
const history = (...argv: readonly string[]) => capstan(['buildkit', 'history', ...argv])

/** Builds an image, and returns the id of the build. */
async function build(tag: string, dockerfile: string): Promise<string> {
  await capstan(['build', '-t', tag, '--target', 'last', '--build-arg', 'A=1', '-'], dockerfile)
  return (await list())[0]?.ref ?? ''
}

async function list(): Promise<readonly { readonly ref: string; readonly state: string }[]> {
  return JSON.parse((await history('ls', '--json')).stdout).builds
}

const good = 'FROM scratch AS last\nRUN echo from the step\n'
const bad = 'FROM scratch AS last\nRUN echo about to fail; exit 9\n'

beforeEach(() => {
  daemon = new FakeDaemon({ store: 'docker' })
})

describe('capstan buildkit history', () => {
  it('ls lists the builds, the newest first', async () => {
    const first = await build('one', good)
    const second = await build('two', bad)
    expect(await list()).toMatchObject([
      { ref: second, state: 'failed' },
      { ref: first, state: 'completed' },
    ])
    const { stdout } = await history('ls')
    const [head = '', newest = '', oldest = ''] = stdout.split('\n')
    expect(head).toMatch(/^BUILD ID +STATUS +CREATED +DURATION +NAME$/)
    expect(newest).toMatch(new RegExp(`^${second} +failed .* two`))
    expect(oldest).toMatch(new RegExp(`^${first} +completed .* one`))
  })

  it('lists the builds of the selected BuildKit', async () => {
    const ref = await build('one', good)
    expect((await history('ls', '--builder', 'engine')).stdout).toContain(ref)
    const { exitCode, stderr } = await history('ls', '--builder', 'sidecar')
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('does not run') })
    const none = await runCapstan(['buildkit', 'history', 'ls', '--builder', 'engine'], {
      env,
      plugins: [memoryPlugin()],
    })
    expect(none.stderr).toMatch(
      /the history of the engine's own BuildKit needs BuildKit builds, which runtime "memory"/,
    )
  })

  it('inspect shows a build by a prefix of its ID, else the newest', async () => {
    const ref = await build('one', good)
    await build('two', bad)
    const { stdout } = await history('inspect', ref.slice(0, 20))
    expect(stdout).toMatch(/^build ID: +(\w+)\n/)
    expect(stdout).toContain(`build ID:   ${ref}\n`)
    expect(stdout).toMatch(/^target: +last$/m)
    expect(stdout).toMatch(/^argument: +A=1$/m)
    expect(stdout).not.toContain('error:')
    const { stdout: newest } = await history('inspect')
    expect(newest).toMatch(/^status: +failed$/m)
    expect(newest).toMatch(/^error: .*exit code: 9$/m)
    expect(JSON.parse((await history('inspect', '--json', ref)).stdout)).toMatchObject({ build: { ref } })
  })

  it('logs shows the progress of a build, and the failed step', async () => {
    const ref = await build('one', good)
    expect((await history('logs', ref)).stdout).toMatch(/^#\d+ \S+ from the step$/m)
    expect((await history('logs', ref)).stdout).toMatch(new RegExp(`\nbuild ${ref} completed\n$`))
    await build('two', bad)
    expect((await history('logs')).stdout).toMatch(/ > \[.*\] RUN .*:\nabout to fail\n------\n$/)
    const { stdout: records } = await history('logs', '--progress', 'rawjson', ref)
    expect(
      records
        .trimEnd()
        .split('\n')
        .flatMap((line) => Object.keys(JSON.parse(line))),
    ).toContain('vertexes')
  })

  it('rm removes builds by their IDs, or all', async () => {
    const refs = [await build('one', good), await build('two', good), await build('three', good)]
    const { stdout } = await history('rm', refs[0] ?? '')
    expect(stdout).toBe(`${refs[0]}\n`)
    expect(await list()).toHaveLength(2)
    expect((await history('rm', '--all')).exitCode).toBe(0)
    expect(await list()).toEqual([])
  })

  it.each([
    [['inspect'], /^capstan buildkit history inspect: there are no builds\n {2}→ `capstan buildkit history ls`/],
    [['logs', 'none'], /there is no build "none"/],
    [['rm'], /name the builds to remove, or use --all/],
  ])('explains the error of %j', async (argv, stderr) => {
    const result = await history(...argv)
    expect(result).toMatchObject({ exitCode: 125, stdout: '' })
    expect(result.stderr).toMatch(stderr)
  })

  it('reports a daemon that records no builds', async () => {
    daemon = new FakeDaemon({ store: 'docker', without: ['listenBuildHistory'] })
    expect((await history('ls')).stderr).toBe(
      'capstan buildkit history ls: BuildKit of memory is too old to record builds\n',
    )
  })

  it('names the container that does not run on a runtime with a BuildKit of its own', async () => {
    const text = "BuildKit does not run in a container on memory, which builds with the engine's BuildKit"
    expect((await capstan(['buildkit', 'status'])).stdout).toBe(`${text}.\n`)
    expect((await capstan(['buildkit', 'stop'])).stdout).toBe(`${text}.\n`)
    const remedy = '  → `capstan buildkit start` starts it\n'
    expect((await capstan(['buildkit', 'du'])).stderr).toBe(`capstan buildkit du: ${text}\n${remedy}`)
    expect((await history('ls', '--builder', 'sidecar')).stderr).toBe(`capstan buildkit history ls: ${text}\n${remedy}`)
  })

  it('reports that no BuildKit runs on a runtime without one of its own', async () => {
    const { stderr } = await runCapstan(['buildkit', 'history', 'ls'], { env, plugins: [memoryPlugin()] })
    expect(stderr).toBe(
      'capstan buildkit history ls: BuildKit does not run on memory\n  → `capstan buildkit start` starts it\n',
    )
  })
})
