import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRuntimeHost, loadPlugins } from '../../src/index.js'

const source = (extra = '') => `
  export const plugin = {
    name: 'theirs', contractVersion: 1,
    probe: async () => ({ available: false, chosen: false, attempts: [] }),
    register() {}, ${extra}
  }`

describe('loadPlugins', () => {
  let folder: string
  let from: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capstan plugins '))
    from = pathToFileURL(join(folder, 'app', 'main.js')).href
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }

  async function install(name: string, manifest: object, code: string, file = 'index.js'): Promise<void> {
    await write(`app/node_modules/${name}/package.json`, JSON.stringify({ name, type: 'module', ...manifest }))
    await write(`app/node_modules/${name}/${file}`, code)
  }

  it.each([
    ['a main', { main: './index.js' }],
    ['a text as exports', { exports: './index.js' }],
    ['an import condition alone', { exports: { '.': { types: './index.d.ts', import: './index.js' } } }],
    ['nested conditions', { exports: { node: { default: './index.js' }, default: './other.js' } }],
  ])('finds a package by its name, with %s, as the application would', async (_, fields) => {
    await install('@their/runtime', { version: '3.0.0', ...fields }, source())
    const [plugin] = await loadPlugins(['@their/runtime'], { from })
    expect(plugin).toMatchObject({ name: 'theirs', packageName: '@their/runtime', packageVersion: '3.0.0' })
  })

  it('takes a folder and a file, relative to the application', async () => {
    await write('plugin/package.json', '{ "name": "local", "version": "0.0.1", "type": "module" }')
    await write('plugin/index.js', source())
    for (const specifier of ['../plugin', '../plugin/index.js', join(folder, 'plugin')]) {
      expect(await loadPlugins([specifier], { from })).toMatchObject([{ name: 'theirs', packageName: 'local' }])
    }
  })

  it('leaves the names that the plugin gives itself', async () => {
    await install('their-runtime', { version: '3.0.0' }, source("packageName: 'own', packageVersion: '9'"))
    expect(await loadPlugins(['their-runtime'], { from })).toMatchObject([{ packageName: 'own', packageVersion: '9' }])
  })

  it('keeps the methods of a class, private fields and all', async () => {
    await install(
      'class-runtime',
      { version: '1.0.0' },
      `class Plugin {
        name = 'classy'; contractVersion = 1; #attempts = []
        async probe() { return { available: false, chosen: false, attempts: this.#attempts } }
        register() {}
      }
      export const plugin = new Plugin()`,
    )
    const host = createRuntimeHost({ plugins: await loadPlugins(['class-runtime'], { from }), env: {} })
    expect(await host.discover()).toMatchObject([{ runtime: 'classy', packageName: 'class-runtime', attempts: [] }])
  })

  it('says which package has a manifest that is none (F23)', async () => {
    await write('app/node_modules/torn-runtime/package.json', '{ "name": ')
    await expect(loadPlugins(['torn-runtime'], { from })).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      message: expect.stringMatching(/"torn-runtime".* cannot be read/),
    })
  })

  it.each([
    ['is not installed', undefined, 'was not found'],
    ['exports no plugin', 'export const other = 1', 'exports no "plugin"'],
    ['does not load', 'throw new Error("broken")', 'does not load: broken'],
    ['exports something else', 'export const plugin = 1', 'is number, not a plugin'],
    ['has another contract', source('contractVersion: 2'), 'contract version 2'],
  ])('names package and version when it %s (F23)', async (_, code, problem) => {
    if (code !== undefined) await install('bad-runtime', { version: '6.6.6' }, code)
    await expect(loadPlugins(['bad-runtime'], { from })).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      facts: { packageName: 'bad-runtime', packageVersion: code === undefined ? 'unknown version' : '6.6.6' },
      message: expect.stringContaining(problem),
    })
  })
})
