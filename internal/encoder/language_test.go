package encoder

import (
	"strings"
	"testing"
)

func TestForeign(t *testing.T) {
	for lang, texts := range map[string][]string{
		"French":     {"Les articles ouverts ne peuvent pas être retournés.", "La livraison est gratuite à partir de 50 euros.", "Le délai de retour est de trente jours."},
		"German":     {"Die Rückgabefrist beträgt dreißig Tage ab Lieferung.", "Geöffnete Ware kann nicht zurückgegeben werden.", "Der Versand ist ab 50 Euro kostenlos."},
		"Spanish":    {"El plazo de devolución es de treinta días desde la entrega.", "Los artículos abiertos no se pueden devolver."},
		"Italian":    {"Il termine per la restituzione è di trenta giorni dalla consegna.", "Gli articoli aperti non possono essere restituiti."},
		"Portuguese": {"O prazo de devolução é de trinta dias a partir da entrega.", "Os artigos abertos não podem ser devolvidos."},
		"Dutch":      {"De retourtermijn is dertig dagen vanaf de levering van het pakket.", "Geopende artikelen kunnen niet worden teruggestuurd naar het magazijn."},
		"Swedish":    {"Öppnade varor kan inte returneras till butiken.", "Det är fri frakt för alla beställningar över 500 kronor."},
		"Danish":     {"Åbnede varer kan ikke returneres til butikken.", "Det er gratis at sende pakken, og du har 30 dage til at returnere den."},
		"Polish":     {"Termin zwrotu wynosi trzydzieści dni od dostawy.", "Otwarte produkty nie mogą być zwracane."},
		"Czech":      {"Lhůta pro vrácení je třicet dní od doručení.", "Otevřené zboží nelze vrátit."},
		"Turkish":    {"İade süresi teslimattan itibaren otuz gündür.", "Açılmış ürünler iade edilemez."},
		"Finnish":    {"Palautusaika on kolmekymmentä päivää toimituksesta.", "Avattuja tuotteita ei voi palauttaa, mutta ne ovat halpoja."},
		"Hungarian":  {"A visszaküldési határidő harminc nap a kézbesítéstől.", "A felbontott termékek nem küldhetők vissza."},
		"Romanian":   {"Termenul de returnare este de treizeci de zile de la livrare.", "Produsele deschise nu se pot returna din alte țări."},
		"Indonesian": {"Barang yang sudah dibuka tidak dapat dikembalikan.", "Pengiriman gratis untuk pesanan di atas harga ini."},
		"Vietnamese": {"Thời hạn trả hàng là ba mươi ngày kể từ khi giao.", "Hàng đã mở không được trả lại."},
		"Swahili":    {"Bidhaa zilizofunguliwa haziwezi kurudishwa kwa sababu ni za mauzo ya mwisho."},
		"Russian":    {"Срок возврата составляет тридцать дней."}, "Ukrainian": {"Термін повернення становить тридцять днів."},
		"Greek":  {"Η προθεσμία επιστροφής είναι τριάντα ημέρες."},
		"Arabic": {"مهلة الإرجاع ثلاثون يوما من تاريخ التسليم."}, "Hebrew": {"תקופת ההחזרה היא שלושים יום."},
		"Hindi": {"वापसी की अवधि तीस दिन है।"}, "Thai": {"ระยะเวลาคืนสินค้าสามสิบวัน"},
		"Chinese": {"退货期限为三十天。", "The退货期限为三十天"}, "Japanese": {"返品期間は30日です。"}, "Korean": {"반품 기간은 30일입니다."},
	} {
		for _, text := range texts {
			if !foreign(text) {
				t.Errorf("%s taken for English: %q", lang, text)
			}
		}
	}
	for _, text := range []string{
		"", "42", "$1,299.00", "30 days", "Free shipping over $50", "Returns: 30 days from delivery.", "São Paulo", "Björn Ångström, CEO",
		"The word 東京 (Tōkyō) means eastern capital.", "Opened software cannot be returned.", "José Martínez lives in Los Ángeles.",
		"Les Misérables was written by Victor Hugo.", "Vincent van der Berg and Ludwig van Beethoven were in The Hague.",
		"The restaurant La Casa de los Abuelos is open until 10 pm.", "Die cast parts may die out, so order them in time.",
		"Los Angeles Reader was a weekly paper distributed in Los Angeles, United States.", "α-tocopherol and β-carotene lower the risk.",
		"| Size | Price |\n| S | 10 € |", "func main() { fmt.Println(x) }", strings.Repeat("The window is thirty days. ", 1000) + "Срок возврата",
	} {
		if foreign(text) {
			t.Errorf("taken for foreign: %.80q", text)
		}
	}
}

func BenchmarkForeign(b *testing.B) {
	text := strings.Repeat("Unopened items may be returned within thirty days of delivery for a full refund. ", 4)
	for b.Loop() {
		foreign(text)
	}
}
