import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packAll } from '../../scripts/exports/pack-all.mjs'
import { readPackages } from '../../scripts/source/packages.mjs'
import { runProgram } from '../../tools/run-program.mjs'

/**
 * An installation from a registry: the command, installed globally, and an application with its own packages.
 *
 * The application has `third-party-runtime`, and `third-party-feature` with its own copy of core (9.9.9).
 */
export interface PackedInstallation extends AsyncDisposable {
  readonly app: string
  /** The installed command. */
  readonly capstan: string
}

/** Packs the published packages and installs them with npm. Takes a minute and requires a registry for dependencies. */
export async function installPackedPackages(): Promise<PackedInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-packed-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const tarballs = await packPublished(folder)
    const [core = '', ...others] = ['core', 'build-context', 'runtime-memory'].map((name) => tarballs.get(name) ?? '')
    const secondCore = await packSecondCore(core, folder)
    const thirdParty = await packThirdParty(secondCore, folder)
    const [global, app] = [join(folder, 'global'), join(folder, 'app')]
    await mkdir(app)
    await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
    await npm(['install', '--global', '--prefix', global, ...tarballs.values()], folder)
    await npm(['install', core, ...others, ...thirdParty], app)
    return { app, capstan: join(global, 'bin', 'capstan'), [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Creates an application with the published packages and further packages by folder, all installed from tarballs. */
export async function installAll(...places: readonly string[]): Promise<PackedInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-packed-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const tarballs = await packPublished(folder)
    const app = join(folder, 'app')
    await mkdir(app)
    await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
    const further: string[] = []
    for (const place of places) further.push(await pack(place, folder))
    await npm(['install', ...tarballs.values(), ...further], app)
    return { app, capstan: join(app, 'node_modules', '.bin', 'capstan'), [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Resolves with the tarballs by the name of the package without the scope. */
async function packPublished(folder: string): Promise<ReadonlyMap<string, string>> {
  const published = readPackages(root).filter(({ manifest }) => manifest.private !== true)
  const packed = await packAll(published, folder)
  return new Map(packed.map(({ name, tarball }) => [name.replace('@capstan/', ''), tarball]))
}

/** Packs core with another version, so that npm does not deduplicate the two. */
async function packSecondCore(tarball: string, folder: string): Promise<string> {
  const place = join(folder, 'second-core')
  await mkdir(place)
  await run('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'], folder)
  await changeManifest(place, { version: '9.9.9' })
  return await pack(place, folder)
}

async function packThirdParty(secondCore: string, folder: string): Promise<readonly string[]> {
  const [feature, runtime] = [join(folder, 'third-party-feature'), join(folder, 'third-party-runtime')]
  await cp(join(fixtures, 'third-party-feature'), feature, { recursive: true })
  await cp(join(fixtures, 'third-party-runtime'), runtime, { recursive: true })
  await changeManifest(feature, { dependencies: { '@capstan/core': `file:${secondCore}` } })
  return [await pack(feature, folder), await pack(runtime, folder)]
}

async function changeManifest(place: string, fields: object): Promise<void> {
  const file = join(place, 'package.json')
  const manifest: object = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...manifest, ...fields }))
}

async function pack(place: string, folder: string): Promise<string> {
  const [{ filename }] = JSON.parse(await npm(['pack', '--json', '--pack-destination', folder], place))
  return join(folder, filename)
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  return await run('npm', [...args, '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], cwd)
}

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await runProgram(program, args, { cwd })
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ends with ${code}:\n${output}`)
  return output
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))
