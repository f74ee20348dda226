/**
 * One entry of an archive; a path without a leading slash.
 *
 * @typedef {{ readonly path: string, readonly mode?: number } &
 *   ({ readonly content: Buffer } | { readonly link: string } | { readonly directory: true })} TarEntry
 */

/**
 * Packs entries as POSIX ustar with owner root and time 0, so that equal entries give equal bytes. Only the first of several
 * entries with the same path is packed, because an engine refuses an archive with duplicate paths.
 *
 * @param {readonly TarEntry[]} entries
 * @returns {Buffer}
 */
export function toTarArchive(entries) {
  const unique = entries.filter((entry, index) => entries.findIndex(({ path }) => path === entry.path) === index)
  return Buffer.concat([...unique.flatMap(toBlocks), Buffer.alloc(2 * blockSize)])
}

/** @param {TarEntry} entry */
function toBlocks(entry) {
  const content = 'content' in entry ? entry.content : Buffer.alloc(0)
  const padding = Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize)
  return [toHeader(entry, content.length), content, padding]
}

/**
 * @param {TarEntry} entry
 * @param {number} size
 */
function toHeader(entry, size) {
  const header = Buffer.alloc(blockSize)
  const { prefix, name } = splitPath('directory' in entry ? `${entry.path}/` : entry.path)
  const kind = 'link' in entry ? '2' : 'directory' in entry ? '5' : '0'
  header.write(name, 0)
  header.write(toOctal(entry.mode ?? ('content' in entry ? 0o644 : 0o755), 8), 100)
  header.write(toOctal(0, 8), 108)
  header.write(toOctal(0, 8), 116)
  header.write(toOctal(size, 12), 124)
  header.write(toOctal(0, 12), 136)
  header.write(' '.repeat(8), 148)
  header.write(kind, 156)
  if ('link' in entry) header.write(entry.link, 157, 100)
  header.write('ustar\u000000', 257)
  header.write(prefix, 345)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return header
}

/** @param {string} path */
function splitPath(path) {
  if (path.length <= 100) return { prefix: '', name: path }
  const slash = path.indexOf('/', path.length - 101)
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) }
}

/**
 * @param {number} value
 * @param {number} width with the closing NUL
 */
function toOctal(value, width) {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}

const blockSize = 512
