import { type ImageFile, listHardLinks, type SavedImage } from './saved-image.js'

/**
 * Returns a line for each difference between two images: in the configuration, the number of layers, the files and their hard
 * links. Times since `builtAfter`, in seconds, count as equal, because each build sets them, and so do labels of Capstan. A time of
 * a directory that one build sets is equal to any other: whether BuildKit keeps that of a copied directory depends on chance.
 */
export function compareImages(
  [one, other]: readonly [SavedImage, SavedImage],
  { builtAfter }: { readonly builtAfter: number },
): readonly string[] {
  const files = compareTexts(
    ...pair([one, other], ({ files }) => [...files].map(([path, file]) => [path, toText(file)] as const)),
  )
  const times = [...one.files].flatMap(([path, file]) => compareTimes(path, [file, other.files.get(path)], builtAfter))
  const others = compareTexts(
    ...pair([one, other], (image) => [
      ['the number of layers', String(image.layers)] as const,
      ['hard links', JSON.stringify(listHardLinks(image))] as const,
      ...listValues(toComparable(image.config), 'config'),
    ]),
  )
  return [...others, ...files, ...times]
}

type Texts = readonly (readonly [key: string, text: string])[]

function pair([one, other]: readonly [SavedImage, SavedImage], read: (image: SavedImage) => Texts): [Texts, Texts] {
  return [read(one), read(other)]
}

function compareTexts(left: Texts, right: Texts): readonly string[] {
  const [a, b] = [new Map(left), new Map(right)]
  return [...new Set([...a.keys(), ...b.keys()])].sort().flatMap((key) => {
    const [one, other] = [a.get(key) ?? 'absent', b.get(key) ?? 'absent']
    return one === other ? [] : [`${key}: ${one} / ${other}`]
  })
}

function compareTimes(
  path: string,
  [one, other]: readonly [ImageFile, ImageFile | undefined],
  builtAfter: number,
): readonly string[] {
  if (other === undefined || one.type !== other.type || one.modified === other.modified) return []
  const isBuilt = [one, other].map(({ modified }) => modified >= builtAfter)
  const isEqual = one.type === 'directory' ? isBuilt.includes(true) : !isBuilt.includes(false)
  return isEqual ? [] : [`${path}: modified ${one.modified} / ${other.modified}`]
}

function toText({ modified: _, attributes, digest, ...file }: ImageFile): string {
  return JSON.stringify({ ...file, digest: digest?.slice(0, 12), ...attributes })
}

/** Returns a configuration without the times of the build, the digests of its layers, and labels of Capstan. */
function toComparable(config: unknown): unknown {
  return JSON.parse(JSON.stringify(config), (key, value: unknown) => {
    if (key === 'created' || key === 'diff_ids') return undefined
    // The labels of Capstan are removed before. An image without other labels then has none.
    if (key === 'Labels' && JSON.stringify(value) === '{}') return undefined
    return key.startsWith('capstan.') ? undefined : value
  })
}

/** Returns the path and the JSON of each value that is not an object. */
function listValues(value: unknown, path: string): Texts {
  if (typeof value !== 'object' || value === null) return [[path, JSON.stringify(value)]]
  const entries = Object.entries(value)
  if (entries.length === 0) return [[path, JSON.stringify(value)]]
  return entries.flatMap(([key, each]) => listValues(each, `${path}.${key}`))
}
