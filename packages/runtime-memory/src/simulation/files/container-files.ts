import { readdir, realpath } from 'node:fs/promises'
import { posix } from 'node:path'
import { createFileError, type FileEntry, type FileMap, type ReadonlyFileMap } from './file-map.js'
import { readHostFile, writeHostFile } from './host-files.js'

/** Files mounted into a container: those of a volume or tmpfs by path from its root, or those of this machine. */
export type MountedFiles = { readonly target: string; readonly readOnly: boolean } & (
  | {
      readonly type: 'memory'
      readonly files: FileMap
      /** The maximum size of all files together. Default: unlimited. */
      readonly sizeBytes?: number
      /** Whether files can be executed. Default true. */
      readonly executable?: boolean
      /** Whether the files are those of a tmpfs and not of a volume. Default false. */
      readonly isTmpfs?: boolean
    }
  | { readonly type: 'bind'; readonly source: string }
)

/** The layers of a container's files, and its mounts. */
export interface ContainerFilesOptions {
  readonly image: ReadonlyFileMap
  /** Files that the engine provides, such as those of `/proc`. They hide those of the image. */
  readonly system?: ReadonlyFileMap
  readonly mounts?: readonly MountedFiles[]
  readonly readOnly?: boolean
  /** Files that the container has written already. They hide those of the image and of the engine. Default: none. */
  readonly written?: FileMap
}

/** The files of a container: its mounts, and the files that it wrote, of the engine and of the image. Paths are absolute. */
export class ContainerFiles {
  /** The files that the container wrote. */
  readonly written: FileMap
  #options: ContainerFilesOptions
  #readOnlyLayers: readonly ReadonlyFileMap[]
  readonly #mounts: readonly MountedFiles[]
  readonly #readOnly: boolean

  constructor(options: ContainerFilesOptions) {
    const { image, system, mounts = [], readOnly = false, written = new Map() } = options
    this.#options = options
    this.written = written
    this.#readOnlyLayers = system === undefined ? [image] : [system, image]
    // The mount with the longest target comes first, so that it hides mounts above it.
    this.#mounts = [...mounts].sort((one, other) => other.target.length - one.target.length)
    this.#readOnly = readOnly
  }

  /** Returns the same files with additional system files, which replace those of the same path. */
  withAdditionalSystemFiles(system: ReadonlyFileMap): ContainerFiles {
    const all = new Map([...(this.#options.system ?? []), ...system])
    return new ContainerFiles({ ...this.#options, system: all, written: this.written })
  }

  /** Replaces the files that the engine provides. */
  replaceSystemFiles(system: ReadonlyFileMap): void {
    this.#options = { ...this.#options, system }
    this.#readOnlyLayers = [system, this.#options.image]
  }

  /** Finds the entry at a path. Follows links. */
  async find(path: string): Promise<FileEntry | undefined> {
    return await this.#findEntry(await this.resolve(path))
  }

  /** Finds the entry at a path, which may be a link. Follows links in its parent directories. */
  async findLink(path: string): Promise<FileEntry | undefined> {
    return await this.#findEntry(await this.#resolveParent(path))
  }

  /** Returns a path without links. Nothing may exist there. */
  async resolve(path: string): Promise<string> {
    // The names that are not resolved yet, and the resolved path.
    const names = posix.normalize(path).split('/')
    let at = '/'
    let links = 0
    while (names.length > 0) {
      const next = posix.join(at, names.shift() ?? '')
      const entry = await this.#findEntry(next)
      if (entry?.type !== 'symlink') {
        at = next
        continue
      }
      links += 1
      if (links > mostLinks) throw createFileError('ELOOP', path)
      names.unshift(...entry.target.split('/'))
      if (entry.target.startsWith('/')) at = '/'
    }
    return at
  }

  async #resolveParent(path: string): Promise<string> {
    const at = posix.normalize(path)
    return posix.join(await this.resolve(posix.dirname(at)), posix.basename(at))
  }

  /** Whether files at the path cannot be written. */
  async isReadOnly(path: string): Promise<boolean> {
    const { mount } = this.#locate(await this.resolve(path))
    return mount === undefined ? this.#readOnly : mount.readOnly
  }

  /** Whether the path is in a tmpfs. */
  async isInTmpfs(path: string): Promise<boolean> {
    const { mount } = this.#locate(await this.resolve(path))
    return mount?.type === 'memory' && mount.isTmpfs === true
  }

  /** Whether files at the path may be executed, regardless of their mode. */
  isExecutable(path: string): boolean {
    const { mount } = this.#locate(path)
    return mount?.type !== 'memory' || mount.executable !== false
  }

  async read(path: string): Promise<Uint8Array> {
    const entry = await this.#require(path)
    if (entry.type !== 'file') throw createFileError('EISDIR', path)
    return entry.bytes
  }

  async mode(path: string): Promise<number> {
    const entry = await this.#require(path)
    return entry.type === 'symlink' ? 0o777 : entry.mode
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const existing = await this.find(path)
    if (existing?.type === 'directory') throw createFileError('EISDIR', path)
    const mode = existing?.type === 'file' ? existing.mode : 0o644
    await this.#write(await this.resolve(path), { type: 'file', bytes, mode })
  }

  /** Writes an entry with its attributes. A link at the path is replaced. */
  async put(path: string, entry: FileEntry): Promise<void> {
    const existing = await this.findLink(path)
    if (existing?.type === 'directory' && entry.type !== 'directory') throw createFileError('EISDIR', path)
    if (existing !== undefined && existing.type !== 'directory' && entry.type === 'directory')
      throw createFileError('ENOTDIR', path)
    await this.#write(await this.#resolveParent(path), entry)
  }

  async changeMode(path: string, mode: number): Promise<void> {
    const entry = await this.#require(path)
    if (entry.type !== 'symlink') await this.#write(await this.resolve(path), { ...entry, mode })
  }

  /** Lists the names in a directory, sorted. */
  async list(path: string): Promise<readonly string[]> {
    const entry = await this.#require(path)
    if (entry.type !== 'directory') throw createFileError('ENOTDIR', path)
    const { mount, key } = this.#locate(await this.resolve(path))
    if (mount?.type === 'bind') return (await readdir(toHostPath(mount, key))).sort()
    const paths = this.#layersOf(mount).flatMap((files) => [...files.keys()])
    if (mount === undefined) paths.push(...this.#mounts.map(({ target }) => target))
    return [...new Set(paths.flatMap((file) => toChildName(key, file)))].sort()
  }

  async #require(path: string): Promise<FileEntry> {
    const entry = await this.find(path)
    if (entry === undefined) throw createFileError('ENOENT', path)
    return entry
  }

  /** Writes an entry at a path without links. */
  async #write(path: string, entry: FileEntry): Promise<void> {
    const { mount, key } = this.#locate(path)
    if (mount === undefined ? this.#readOnly : mount.readOnly) throw createFileError('EROFS', path)
    if (mount?.type !== 'bind') return this.#writeToMemory(mount, key, entry)
    // The source of a mount may be a link, which the mount follows.
    await writeHostFile(key === '/' ? await realpath(mount.source) : toHostPath(mount, key), entry)
  }

  #writeToMemory(mount: (MountedFiles & { type: 'memory' }) | undefined, key: string, entry: FileEntry): void {
    const files = mount?.files ?? this.written
    const { sizeBytes = Number.POSITIVE_INFINITY } = mount ?? {}
    const size =
      sizeOf(entry) - sizeOf(files.get(key)) + [...files.values()].reduce((sum, file) => sum + sizeOf(file), 0)
    if (size > sizeBytes) throw createFileError('ENOSPC', key)
    files.set(key, entry)
  }

  async #findEntry(path: string): Promise<FileEntry | undefined> {
    const { mount, key } = this.#locate(path)
    if (mount?.type === 'bind') return readHostFile(toHostPath(mount, key), { followLinks: key === '/' })
    const layers = this.#layersOf(mount)
    const entry = layers.map((files) => files.get(key)).find((found) => found !== undefined)
    if (entry !== undefined) return entry
    const isDirectory = key === '/' || layers.some((files) => [...files.keys()].some((file) => isIn(file, key)))
    const leadsToMount = this.#mounts.some(({ target }) => isIn(target, path))
    return isDirectory || leadsToMount ? { type: 'directory', mode: 0o755 } : undefined
  }

  /** Finds the mount of a path, and the path from the mount's root. */
  #locate(path: string): { readonly mount: MountedFiles | undefined; readonly key: string } {
    const at = posix.normalize(path)
    const mount = this.#mounts.find(({ target }) => isIn(at, target))
    return { mount, key: mount === undefined ? at : posix.join('/', posix.relative(mount.target, at)) }
  }

  #layersOf(mount: MountedFiles | undefined): readonly ReadonlyFileMap[] {
    if (mount === undefined) return [this.written, ...this.#readOnlyLayers]
    return mount.type === 'memory' ? [mount.files] : []
  }
}

/** Returns the path on this machine of a path in a bind mount. */
function toHostPath({ source }: { readonly source: string }, key: string): string {
  return key === '/' ? source : posix.join(source, key)
}

function sizeOf(entry: FileEntry | undefined): number {
  return entry?.type === 'file' ? entry.bytes.length : 0
}

/** Whether `path` is the directory or inside it. */
function isIn(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)
}

function toChildName(directory: string, path: string): readonly string[] {
  if (path === directory || !isIn(path, directory)) return []
  const [name] = path.slice(directory === '/' ? 1 : directory.length + 1).split('/')
  return name === undefined || name === '' ? [] : [name]
}

/** As in Linux: path_resolution(7) */
const mostLinks = 40
