/** A file of dockerode that its types leave out. Each exports one class. */
declare module 'dockerode/lib/*.js' {
  const exported: unknown
  // biome-ignore lint/style/noDefaultExport: that is how Node shows what a CommonJS file exports
  export default exported
}
