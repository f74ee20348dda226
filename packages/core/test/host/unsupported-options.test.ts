import { describe, expect, it } from 'vitest'
import {
  type Capability,
  createRuntimeHost,
  execManagerCapability,
  type OptionName,
  runtimeCapability,
} from '../../src/index.js'
import { defineCapability } from '../../src/plugin.js'
import { fakePlugin } from '../fakes/fake-plugin.js'
import { FakeRuntime } from '../fakes/fake-runtime.js'

interface Checkpoints {
  checkpoint(id: string): Promise<void>
}
const live = 'example.com/checkpoints.live'
const checkpointCapability: Capability<Checkpoints, typeof live> = defineCapability({
  id: 'example.com/checkpoints',
  title: 'checkpoints',
  options: { [live]: 'a checkpoint of a running container' },
})

function toRefused(field: OptionName) {
  return { field, reason: 'not here', remedy: undefined }
}

/** A plugin with the capability of a third party. */
function checkpointing(unsupportedOptions: readonly ReturnType<typeof toRefused>[] = []) {
  return fakePlugin({
    name: 'checkpointing',
    provides: [runtimeCapability, checkpointCapability],
    unsupportedOptions,
    register: (scope) => {
      scope.provide(runtimeCapability, new FakeRuntime())
      scope.provide(checkpointCapability, { checkpoint: async () => undefined })
    },
  })
}

describe('a report', () => {
  it('has the description of each unsupported option from its capability', async () => {
    const plugins = [checkpointing([toRefused(live), toRefused('logs.since')])]
    const [report] = await createRuntimeHost({ plugins, env: {} }).discover()
    expect(report).toMatchObject({
      available: true,
      unsupportedOptions: [
        { ...toRefused(live), description: 'a checkpoint of a running container' },
        { ...toRefused('logs.since'), description: runtimeCapability.options['logs.since'] },
      ],
    })
  })

  it('may list an option of a built-in capability that the runtime does not provide', async () => {
    const plugins = [fakePlugin({ unsupportedOptions: [toRefused('exec.env.unset')] })]
    const [report] = await createRuntimeHost({ plugins, env: {} }).discover()
    expect(report).toMatchObject({ available: true, unsupportedOptions: [{ field: 'exec.env.unset' }] })
  })

  it('has the option of a capability that another version of core defined without options', async () => {
    const { options, ...older } = runtimeCapability
    const plugins = [
      fakePlugin({ provides: [older as typeof runtimeCapability], unsupportedOptions: [toRefused('logs.since')] }),
    ]
    const [report] = await createRuntimeHost({ plugins, env: {} }).discover()
    expect(report).toMatchObject({ unsupportedOptions: [{ description: options['logs.since'] }] })
  })
})

describe('open with a required option', () => {
  it('opens a runtime that provides its capability and supports it', async () => {
    const host = createRuntimeHost({ plugins: [fakePlugin(), checkpointing()], env: {} })
    await expect(host.open({ requiredOptions: [live] })).resolves.toMatchObject({ runtimeName: 'checkpointing' })
  })

  it('opens a runtime that provides a capability of a third party whose id contains a dot', async () => {
    const id = 'example.com/checkpoints.v2'
    const dotted = defineCapability<object, `${typeof id}.live`>({
      id,
      title: 'checkpoints',
      options: { [`${id}.live`]: 'a checkpoint of a running container' },
    })
    const plugin = fakePlugin({
      provides: [runtimeCapability, dotted],
      register: (scope) => {
        scope.provide(runtimeCapability, new FakeRuntime())
        scope.provide(dotted, {})
      },
    })
    const host = createRuntimeHost({ plugins: [plugin], env: {} })
    await expect(host.open({ requiredOptions: [`${id}.live`] })).resolves.toMatchObject({ runtimeName: 'fake' })
  })

  it('rejects with OPTION_UNSUPPORTED when the runtime does not support it', async () => {
    const host = createRuntimeHost({ plugins: [checkpointing([toRefused(live)])], env: {} })
    await expect(host.open({ requiredOptions: [live] })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { runtime: 'checkpointing', field: live, reason: 'not here' },
    })
  })

  it('rejects with the reason for the missing capability when the runtime does not provide it', async () => {
    const { id, title } = execManagerCapability
    const absent = [{ id, title, reason: 'the engine has no exec', remedy: 'update it' }]
    const host = createRuntimeHost({ plugins: [fakePlugin({ absent })], env: {} })
    for (const runtime of ['fake', undefined]) {
      await expect(
        host.open({ ...(runtime && { runtime }), requiredOptions: ['exec.env.unset'] }),
      ).rejects.toMatchObject({
        code: 'OPTION_UNSUPPORTED',
        message: 'runtime "fake" does not support "exec.env.unset": the engine has no exec; update it',
        facts: { field: 'exec.env.unset' },
      })
    }
  })

  it('rejects when the runtime does not provide the capability of a third-party option', async () => {
    await expect(
      createRuntimeHost({ plugins: [fakePlugin()], env: {} }).open({ requiredOptions: [live] }),
    ).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: live, reason: 'the runtime plugin does not provide it' },
    })
  })
})
