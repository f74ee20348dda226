import {
  execManagerCapability,
  networkManagerCapability,
  type OptionName,
  runtimeCapability,
  sidecarManagerCapability,
} from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { available, fakePlugin, slow, unavailable } from '../support/fake-plugin.js'
import { type RunCapstanOptions, runCapstan as runProgram } from '../support/run-capstan.js'

/** Runs a command without the contexts of the user. */
const runCapstan = (argv: readonly string[], { env = {}, ...options }: RunCapstanOptions) =>
  runProgram(argv, { env: { DOCKER_CONFIG: '/nowhere', ...env }, ...options })

const memory = memoryPlugin()
const real = fakePlugin(
  'other',
  available({
    provides: [execManagerCapability, runtimeCapability],
    absent: [networkManagerCapability, sidecarManagerCapability].map(({ id, title }) => ({
      id,
      title,
      reason: 'each container is a virtual machine of its own, and nothing connects one of them with another',
      remedy: 'ask for experimental networks',
    })),
    unsupportedOptions: [{ field: 'privileged', reason: 'the engine has no privileged mode', remedy: undefined }],
    notes: ['unverified version'],
  }),
)

describe('capstan doctor', () => {
  it('exits with 0 when a runtime for real containers is available, with 1 when only a simulation is', async () => {
    expect((await runCapstan(['doctor'], { plugins: [real, memory] })).exitCode).toBe(0)
    expect((await runCapstan(['doctor'], { plugins: [fakePlugin('docker', unavailable()), memory] })).exitCode).toBe(1)
    expect((await runCapstan(['doctor'], { plugins: [] })).exitCode).toBe(1)
  })

  it('exits with 1 when the named runtime is unavailable and another is available', async () => {
    const plugins = [fakePlugin('docker', unavailable()), real, memory]
    expect((await runCapstan(['doctor', '--runtime', 'docker'], { plugins })).exitCode).toBe(1)
  })

  it('exits with 1 when the endpoint that the user chose is unavailable and another runtime is available', async () => {
    const plugins = [fakePlugin('docker', unavailable({ chosen: true })), real, memory]
    expect((await runCapstan(['doctor'], { plugins })).exitCode).toBe(1)
  })

  it('fails with the known names for an unknown name', async () => {
    const plugins = [real, memory]
    expect(await runCapstan(['doctor', '--runtime', 'nosuch'], { plugins })).toEqual({
      exitCode: 125,
      stdout: '',
      stderr:
        'capstan doctor: no plugin is named "nosuch"\n  known: other and memory\n  → `--plugin PACKAGE` adds one\n',
    })
    const { exitCode } = await runCapstan(['doctor', '--json'], { plugins, env: { CAPSTAN_RUNTIME: 'nosuch' } })
    expect(exitCode).toBe(125)
  })

  it('shows the failed endpoints with reason and remedy', async () => {
    const { stdout } = await runCapstan(['doctor'], { plugins: [fakePlugin('docker', unavailable()), memory] })
    const text = stdout.replaceAll(/\s+/g, ' ')
    for (const part of ['unix:///var/run/docker.sock', '(default)', 'ENOENT', 'start it', 'simulated', 'unavailable']) {
      expect(text).toContain(part)
    }
  })

  it('shows capabilities, missing ones with reasons, unsupported options, features and notes', async () => {
    const { stdout } = await runCapstan(['doctor'], { plugins: [real, memory] })
    expect(stdout).toMatch(/^CAPABILITY +other +memory$/m)
    expect(stdout).toMatch(/^networks +no +yes$/m)
    expect(stdout).toMatch(/^exec +yes +yes$/m)
    expect(stdout).toMatch(/→ ask for experimental networks/)
    expect(stdout).toMatch(/^other +privileged +the engine has no privileged mode$/m)
    expect(stdout).toMatch(/^BuildKit +other +no +needs networks and sidecars:$/m)
    expect(stdout).toMatch(/^BuildKit +memory +yes/m)
    expect(stdout).toMatch(/^other: unverified version$/m)
  })

  it('shows capabilities and options that have the same reason in one row', async () => {
    const option = (field: OptionName, reason: string) => ({ field, reason, remedy: undefined })
    const unsupportedOptions = [
      option('dns', 'no network'),
      option('tty', 'no terminal'),
      option('ports', 'no network'),
    ]
    const absent = [networkManagerCapability, sidecarManagerCapability].map(({ id, title }) => ({
      id,
      title,
      reason: 'no network',
      remedy: undefined,
    }))
    const plugins = [fakePlugin('other', available({ absent, unsupportedOptions })), memory]
    const { stdout } = await runCapstan(['doctor'], { plugins })
    expect(stdout).toMatch(/^other +networks +no network\n +sidecars$/m)
    expect(stdout).toMatch(/^other +dns +no network\n.*\n +ports\n.*\n\nother +tty +no terminal$/m)
  })

  it.each([undefined, 80, 60, 200])(
    'keeps every line within 80 columns on a terminal of %s, for any text',
    async (columns) => {
      const long = 'a reason that goes on and on '.repeat(20)
      const verbose = fakePlugin(
        'a-runtime-with-a-long-name',
        available({
          endpoint: `unix:///${'very-long-name/'.repeat(20)}engine.sock`,
          absent: [{ id: 'x', title: 'some capability of a third party', reason: long, remedy: long }],
          unsupportedOptions: [{ field: 'foreignContainers.exitCode', reason: 'x'.repeat(200), remedy: long }],
          attempts: unavailable().attempts,
          notes: [long],
        }),
      )
      const plugins = [
        verbose,
        real,
        ...Array.from({ length: 7 }, (_, index) => memoryPlugin({ name: `simulation-${index}` })),
      ]
      const { stdout } = await runCapstan(['doctor'], { plugins, ...(columns === undefined ? {} : { columns }) })
      expect(Math.max(...stdout.split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(
        Math.min(columns ?? 80, 80),
      )
      expect(stdout).toContain('simulation-6')
    },
  )

  it('names the runtime that commands use', async () => {
    const choose = async (plugins: readonly ReturnType<typeof memoryPlugin>[], env = {}) =>
      (await runCapstan(['doctor'], { plugins, env })).stdout.replaceAll(/\s+/g, ' ')
    expect(await choose([real, memory])).toContain(
      'Commands use other. Select another by --runtime NAME or CAPSTAN_RUNTIME.',
    )
    expect(await choose([real, memory], { CAPSTAN_RUNTIME: 'memory' })).toContain(
      'Commands use memory, which was selected',
    )
    expect(await choose([memory])).toContain('A simulation is used only by name.')
    const chosen = fakePlugin('docker', unavailable({ chosen: true }))
    expect(await choose([chosen, real])).toContain('docker was selected and is not available. No other runtime is used')
  })

  it('distinguishes a slow runtime from an unavailable one', async () => {
    const plugins = [fakePlugin('docker', slow), real]
    const { stdout, exitCode } = await runCapstan(['doctor'], { plugins })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^docker +no answer in time$/m)
    const alone = await runCapstan(['doctor'], { plugins: plugins.slice(0, 1) })
    expect(alone.exitCode).toBe(1)
    expect(alone.stdout.replaceAll(/\s+/g, ' ')).toContain('Commands fail: docker did not answer in time.')
  })

  it('prints JSON with the version of its schema', async () => {
    const { stdout, exitCode } = await runCapstan(['doctor', '--json'], {
      plugins: [fakePlugin('docker', unavailable()), real],
    })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchInlineSnapshot(`
      {
        "contexts": [
          {
            "attempts": [
              {
                "candidate": "unix:///var/run/docker.sock",
                "cause": {
                  "code": "ENOENT",
                  "message": "connect ENOENT /var/run/docker.sock",
                },
                "remedy": "install a container engine and start it",
                "source": "default",
                "step": "connect",
              },
            ],
            "available": false,
            "description": "The default socket",
            "endpoint": "unix:///var/run/docker.sock",
            "isCurrent": true,
            "name": "default",
          },
        ],
        "features": [
          {
            "feature": "BuildKit",
            "missing": [
              {
                "id": "network-manager",
                "reason": "each container is a virtual machine of its own, and nothing connects one of them with another",
                "remedy": "ask for experimental networks",
                "title": "networks",
              },
              {
                "id": "sidecar-manager",
                "reason": "each container is a virtual machine of its own, and nothing connects one of them with another",
                "remedy": "ask for experimental networks",
                "title": "sidecars",
              },
            ],
            "runtime": "other",
            "supported": false,
          },
        ],
        "runtimes": [
          {
            "attempts": [
              {
                "candidate": "unix:///var/run/docker.sock",
                "cause": {
                  "code": "ENOENT",
                  "message": "connect ENOENT /var/run/docker.sock",
                },
                "remedy": "install a container engine and start it",
                "source": "default",
                "step": "connect",
              },
            ],
            "available": false,
            "chosen": false,
            "packageName": "@example/runtime-docker",
            "packageVersion": "1.0.0",
            "runtime": "docker",
            "selection": "automatic",
          },
          {
            "absent": [
              {
                "id": "network-manager",
                "reason": "each container is a virtual machine of its own, and nothing connects one of them with another",
                "remedy": "ask for experimental networks",
                "title": "networks",
              },
              {
                "id": "sidecar-manager",
                "reason": "each container is a virtual machine of its own, and nothing connects one of them with another",
                "remedy": "ask for experimental networks",
                "title": "sidecars",
              },
            ],
            "attempts": [],
            "available": true,
            "endpoint": "unix:///run/engine.sock",
            "notes": [
              "unverified version",
            ],
            "packageName": "@example/runtime-other",
            "packageVersion": "1.0.0",
            "provides": [
              {
                "id": "exec-manager",
                "title": "exec",
              },
              {
                "id": "runtime",
                "title": "runtime",
              },
            ],
            "runtime": "other",
            "selection": "automatic",
            "unsupportedOptions": [
              {
                "description": "a privileged container",
                "field": "privileged",
                "reason": "the engine has no privileged mode",
              },
            ],
            "version": "1.2.3",
          },
        ],
        "schemaVersion": 1,
        "selected": "other",
      }
    `)
  })

  it('reports a plugin whose probe throws, and the other plugins', async () => {
    const broken = fakePlugin('broken', unavailable(), { probe: () => Promise.reject(new Error('probe-error')) })
    const { stdout, exitCode } = await runCapstan(['doctor'], { plugins: [broken, real] })
    expect(exitCode).toBe(0)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('PLUGIN_INVALID, probe-error')
  })
})
