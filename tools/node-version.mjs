/**
 * Returns whether a version of Node is in an `engines` range of package.json. Supports only `^1.2.3` and `>=1.2.3`, joined
 * by ` || `.
 *
 * @param {string} version such as `v20.19.0`
 * @param {string} range
 */
export function isSupportedNode(version, range) {
  const actual = parseVersion(version)
  return range.split('||').some((part) => {
    const wanted = parseVersion(part)
    return compareVersions(actual, wanted) >= 0 && (!part.trim().startsWith('^') || actual[0] === wanted[0])
  })
}

/** @param {string} text */
function parseVersion(text) {
  return (/\d+\.\d+\.\d+/.exec(text)?.[0] ?? '0.0.0').split('.').map(Number)
}

/**
 * @param {readonly number[]} left
 * @param {readonly number[]} right
 */
function compareVersions(left, right) {
  return left.map((part, index) => part - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0
}
