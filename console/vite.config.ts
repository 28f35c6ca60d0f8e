import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const node = process.env.MILLRACE_URL ?? "http://127.0.0.1:18083";

export default defineConfig({
  plugins: [react()],
  server: { port: 5173, proxy: { "/api": { target: node, changeOrigin: true } } },
  build: { target: "es2022", manifest: "manifest.json", chunkSizeWarningLimit: 400, assetsInlineLimit: 0 },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
