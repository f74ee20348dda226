import { tryByKit } from './try-by-kit.js'

await tryByKit('1.2 on macOS 26', 'none')
