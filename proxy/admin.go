package proxy

import "github.com/gofiber/fiber/v2"

// registerAdmin adds what operators and probes ask for.
func (s *Server) registerAdmin(app fiber.Router) {
	app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
}
