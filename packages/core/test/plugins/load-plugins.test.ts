import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRuntimeHost, loadPlugins } from '../../src/index.js'
import { findPluginPackage } from '../../src/plugins/find-plugin-package.js'

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
    ['a main without its extension', { main: 'index' }],
    ['a main that is a folder', { main: '.' }],
    ['a main that is not there', { main: './gone.js' }],
    ['a list of exports', { exports: [{ unknown: './other.js' }, './index.js'] }],
    ['no exports after all', { exports: null, main: 'index.js' }],
    ['nested conditions', { exports: { node: { default: './index.js' }, default: './other.js' } }],
  ])('finds a package with %s by its name', async (_, fields) => {
    await install('@their/runtime', { version: '3.0.0', ...fields }, source())
    const [plugin] = await loadPlugins(['@their/runtime'], { from })
    expect(plugin).toMatchObject({ name: 'theirs', packageName: '@their/runtime', packageVersion: '3.0.0' })
  })

  it('loads a folder and a file, relative to `from`', async () => {
    await write('plugin/package.json', '{ "name": "local", "version": "0.0.1", "type": "module" }')
    await write('plugin/index.js', source())
    for (const specifier of ['../plugin', '../plugin/index.js', join(folder, 'plugin')]) {
      expect(await loadPlugins([specifier], { from })).toMatchObject([{ name: 'theirs', packageName: 'local' }])
    }
  })

  it('does not decode a path as a URL', async () => {
    const path = 'my plugin #1%20?'
    await write(`${path}/package.json`, '{ "name": "odd" }')
    // Not imported: the module runner of vitest takes no such path, though Node does.
    expect(await findPluginPackage(`../${path}`, from)).toMatchObject({
      name: 'odd',
      entry: pathToFileURL(join(folder, path, 'index.js')).href,
    })
  })

  it('finds a package that is linked into node_modules', async () => {
    await write('elsewhere/package.json', '{ "name": "linked-runtime", "version": "4.0.0", "type": "module" }')
    await write('elsewhere/index.js', source())
    await mkdir(join(folder, 'app/node_modules/@their'), { recursive: true })
    await symlink(join(folder, 'elsewhere'), join(folder, 'app/node_modules/@their/linked'), 'dir')
    expect(await loadPlugins(['@their/linked'], { from })).toMatchObject([{ packageName: 'linked-runtime' }])
  })

  it('finds the nearest package of that name', async () => {
    await write('node_modules/near/package.json', '{ "name": "near", "version": "1.0.0", "type": "module" }')
    await write('node_modules/near/index.js', source())
    expect(await loadPlugins(['near'], { from })).toMatchObject([{ packageVersion: '1.0.0' }])
    await install('near', { version: '2.0.0' }, source())
    expect(await loadPlugins(['near'], { from })).toMatchObject([{ packageVersion: '2.0.0' }])
  })

  it('keeps packageName and packageVersion of the plugin', async () => {
    await install('their-runtime', { version: '3.0.0' }, source("packageName: 'own', packageVersion: '9'"))
    expect(await loadPlugins(['their-runtime'], { from })).toMatchObject([{ packageName: 'own', packageVersion: '9' }])
  })

  it('keeps methods of a class that use private fields', async () => {
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

  it.each([
    ['{ "name": ', 'JSON'],
    ['null', 'is not a JSON object'],
    ['[]', 'is not a JSON object'],
  ])('rejects with the path of an invalid package.json: %s', async (text, problem) => {
    await write('app/node_modules/torn-runtime/package.json', text)
    await expect(loadPlugins(['torn-runtime'], { from })).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      facts: { packageName: 'torn-runtime', packageVersion: 'unknown version' },
      message: expect.stringMatching(new RegExp(`"torn-runtime".* cannot be read: .*package.json: .*${problem}`)),
    })
  })

  it('ignores fields of a package.json that have another type', async () => {
    // Newer releases of Node refuse a package whose name or main is no text by themselves.
    await install('odd-runtime', { version: {} }, source())
    expect(await loadPlugins(['odd-runtime'], { from })).toMatchObject([
      { packageName: 'odd-runtime', packageVersion: 'unknown version' },
    ])
  })

  it.each([
    ['a path inside of a package', 'their-runtime/plugin', 'neither the name of a package nor a path'],
    ['a way out of node_modules', 'a/../../b', 'neither the name of a package nor a path'],
    ['a module of Node', 'node:fs', 'neither the name of a package nor a path'],
    ['the name of a module of Node', 'fs', 'was not found'],
    ['a Windows path that is not there', 'C:\\plugins\\mine', 'was not found'],
    ['a relative path that is not there', './gone', 'was not found'],
    ['a path through a file', './main.js/x', 'was not found'],
    ['a folder without a package.json', '..', 'has no package.json'],
  ])('rejects with PLUGIN_INVALID for %s', async (_, specifier, problem) => {
    await write('app/main.js', '')
    await expect(loadPlugins([specifier], { from })).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      message: expect.stringContaining(problem),
    })
  })

  it('rejects with the missing package, the folder as a path and the remedy', async () => {
    await expect(loadPlugins(['gone-runtime'], { from })).rejects.toMatchObject({
      facts: { plugin: 'gone-runtime', packageName: 'gone-runtime', packageVersion: 'unknown version' },
      message:
        `plugin "gone-runtime" was not found from ${fileURLToPath(new URL('.', from))}: give the name of a package ` +
        'that is installed there, or a path that begins with "./" or "/"',
    })
  })

  it('rejects with the package that has no entry for import', async () => {
    await install('closed-runtime', { version: '1.0.0', exports: { './other': './index.js' } }, source())
    await expect(loadPlugins(['closed-runtime'], { from })).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      facts: { packageVersion: '1.0.0', problem: expect.stringContaining('no "." entry') },
    })
  })

  it('rejects when a module does not load within the limit', async () => {
    await install('endless-runtime', { version: '5.0.0' }, `await new Promise(() => {})\n${source()}`)
    await expect(loadPlugins(['endless-runtime'], { from, timeoutMs: 20 })).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      facts: { packageName: 'endless-runtime', packageVersion: '5.0.0' },
      message: expect.stringContaining('does not load: the import did not finish within 20 ms'),
    })
  })

  it('rejects with the reason of an abort before and during the load', async () => {
    await install('waiting-runtime', {}, `globalThis.capstanLoads()\nawait new Promise(() => {})\n${source()}`)
    const reason = new Error('enough')
    const controller = new AbortController()
    Object.assign(globalThis, { capstanLoads: () => controller.abort(reason) })
    const { signal } = controller
    await expect(loadPlugins(['waiting-runtime'], { from, signal })).rejects.toBe(reason)
    await expect(loadPlugins(['not-even-there'], { from, signal })).rejects.toBe(reason)
  })

  it.each([
    ['timeoutMs', () => loadPlugins([], { timeoutMs: Number.NaN })],
    ['from', () => loadPlugins([], { from: '/app/main.js' })],
    ['specifiers', () => loadPlugins('their-runtime' as never)],
    ['specifiers[1]', () => loadPlugins(['.', ''])],
  ])('rejects an invalid %s', async (field, load) => {
    await expect(load()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
  })

  it.each([
    ['is not installed', undefined, 'was not found'],
    ['exports no plugin', 'export const other = 1', 'exports no "plugin"'],
    ['does not load', 'throw new Error("broken")', 'does not load: broken'],
    ['exports something else', 'export const plugin = 1', 'is number, not a plugin'],
    ['has another contract', source('contractVersion: 2'), 'contractVersion 2'],
  ])('rejects with package and version when the plugin %s', async (_, code, problem) => {
    if (code !== undefined) await install('bad-runtime', { version: '6.6.6' }, code)
    await expect(loadPlugins(['bad-runtime'], { from })).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      facts: { packageName: 'bad-runtime', packageVersion: code === undefined ? 'unknown version' : '6.6.6' },
      message: expect.stringContaining(problem),
    })
  })
})
